package dev.fedlora.peer;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line of {@code run} and {@code compare}. Exit codes as fedlora's: 0 done, 1 failed, 2 wrong usage. */
@Command(
        name = "pytorch-peer",
        subcommands = {RunCommand.class, CompareCommand.class})
public final class PytorchPeer {
    private PytorchPeer() {}

    /** Runs a command and exits. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new PytorchPeer())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((exception, command, parsed) -> {
                    command.getErr().println(command.getCommandName() + ": " + exception.getMessage());
                    return command.getCommandSpec().exitCodeOnExecutionException();
                })
                .execute(arguments));
    }

    /** Calls what reads options, and says that their values are wrong where it does. */
    static <T> T fromOptions(CommandLine command, Callable<T> reading) throws Exception {
        try {
            return reading.call();
        } catch (IllegalArgumentException e) {
            throw new CommandLine.ParameterException(command, e.getMessage(), e);
        }
    }
}
