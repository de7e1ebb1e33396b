package dev.fedlora.cli.command;

import picocli.CommandLine.Option;

/** The options of every command. */
public final class CommonOptions {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    private boolean help;

    @Option(names = "--verbose", description = "Show the stack trace of an error and what the libraries log.")
    private boolean verbose;

    /** Says whether the user wants to see stack traces. */
    public boolean isVerbose() {
        return verbose;
    }

    /** Says whether the user asked for the help text. */
    public boolean isHelp() {
        return help;
    }
}
