package dev.fedlora.cli.command;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * A command that ends with one {@link Answer}: it is printed to standard output, as JSON or for people. Whatever else
 * there is to say while it works goes to {@link #progress}.
 */
public abstract class AnsweringCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    @SuppressWarnings("UnusedVariable") // read by the error handling, from the command line
    private CommonOptions common;

    @Option(names = "--json", description = "Print the answer as one JSON object.")
    private boolean json;

    /**
     * Does what the command is for.
     *
     * @throws Exception that {@link ErrorHandling} puts into words
     */
    protected abstract Answer answer() throws Exception;

    @Override
    public final Integer call() throws Exception {
        Answer answer = answer();
        PrintWriter out = spec.commandLine().getOut();
        String shown = json ? answer.json() : answer.text();
        if (!shown.isEmpty()) {
            out.println(shown);
        }
        out.flush();
        afterwards();
        return exitCode();
    }

    /** Returns the exit code after the answer was printed: 0, unless the answer itself is bad news. */
    protected int exitCode() {
        return CommandLine.ExitCode.OK;
    }

    /**
     * Does what comes after the answer was printed; nothing, unless the command goes on until it is told to end.
     *
     * @throws Exception that {@link ErrorHandling} puts into words
     */
    protected void afterwards() throws Exception {}

    /** Prints a line on {@link #progress} at once. */
    protected final void tell(String line) {
        PrintWriter err = progress();
        synchronized (err) { // events come on other threads
            err.println(line);
            err.flush();
        }
    }

    /** Says whether the answer is to be JSON. */
    protected final boolean isJson() {
        return json;
    }

    /** Returns standard output, for an answer that people are to see as it comes; nothing else goes there with --json. */
    protected final PrintWriter output() {
        return spec.commandLine().getOut();
    }

    /** Returns where to tell the user what goes on: standard error. */
    protected final PrintWriter progress() {
        return spec.commandLine().getErr();
    }

    /** Returns an error in the use of the command, such as an option's value out of its range: exit code 2. */
    protected final ParameterException wrongUsage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    /**
     * Returns what {@code options} makes of the options alone.
     *
     * @throws ParameterException when it refuses a value
     */
    protected final <T> T fromOptions(Supplier<T> options) {
        try {
            return options.get();
        } catch (IllegalArgumentException refused) {
            throw new ParameterException(spec.commandLine(), String.valueOf(refused.getMessage()), refused);
        }
    }
}
