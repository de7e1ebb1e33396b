package dev.fedlora.cli;

import dev.fedlora.cli.adapter.AdapterGroup;
import dev.fedlora.cli.bench.BenchGroup;
import dev.fedlora.cli.client.ClientGroup;
import dev.fedlora.cli.command.CommonOptions;
import dev.fedlora.cli.command.ErrorHandling;
import dev.fedlora.cli.coordinator.CoordinatorGroup;
import dev.fedlora.cli.demo.DemoCommand;
import dev.fedlora.cli.model.ModelGroup;
import dev.fedlora.cli.privacy.PrivacyGroup;
import dev.fedlora.cli.roster.RosterGroup;
import dev.fedlora.cli.secagg.SecaggGroup;
import dev.fedlora.cli.simulate.SimulateCommand;
import dev.fedlora.cli.task.TaskGroup;
import dev.fedlora.cli.training.EvalCommand;
import dev.fedlora.cli.training.TrainCommand;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The command {@code fedlora}. */
@Command(
        name = "fedlora",
        description = "Federated LoRA fine-tuning of language models.",
        synopsisSubcommandLabel = "COMMAND",
        versionProvider = Fedlora.Version.class,
        subcommands = {
            DemoCommand.class,
            TrainCommand.class,
            EvalCommand.class,
            ModelGroup.class,
            AdapterGroup.class,
            PrivacyGroup.class,
            CoordinatorGroup.class,
            ClientGroup.class,
            TaskGroup.class,
            RosterGroup.class,
            SecaggGroup.class,
            SimulateCommand.class,
            BenchGroup.class
        },
        footer = {"", "Exit codes: 0 done, 1 failed, 2 wrong usage. 'fedlora COMMAND --help' explains a command."})
public final class Fedlora implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    @SuppressWarnings("UnusedVariable") // read by the error handling, from the command line
    private CommonOptions common;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Show the version and exit.")
    @SuppressWarnings("UnusedVariable") // read by picocli
    private boolean version;

    /** No command: shows which there are. */
    @Override
    public Integer call() {
        spec.commandLine().usage(spec.commandLine().getErr());
        return CommandLine.ExitCode.USAGE;
    }

    /** Returns the whole command line, ready to {@code execute}; standard streams unless set otherwise. */
    public static CommandLine commandLine() {
        ErrorHandling errors = new ErrorHandling();
        return new CommandLine(new Fedlora())
                .setExecutionExceptionHandler(errors)
                .setParameterExceptionHandler(errors)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpAutoWidth(true);
    }

    /** Runs the command that {@code arguments} name and ends the process with its exit code. */
    public static void main(String[] arguments) {
        if (List.of(arguments).contains("--verbose")) {
            // before the first logger is made
            System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "info");
        }
        System.exit(commandLine().execute(arguments));
    }

    /** Reads the version out of the build. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            String built = Fedlora.class.getPackage().getImplementationVersion();
            String java =
                    "Java %s (%s)".formatted(System.getProperty("java.version"), System.getProperty("java.vendor"));
            return new String[] {"fedlora " + (built == null ? "unpackaged" : built), java};
        }
    }
}
