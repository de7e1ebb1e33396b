package dev.fedlora.cli.command;

import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A noun: it does nothing itself, and says which subcommands it has when none is given. */
public abstract class Group implements Runnable {
    @Spec
    private CommandSpec spec;

    @Mixin
    @SuppressWarnings("UnusedVariable") // read by the error handling, from the command line
    private CommonOptions common;

    @Override
    public final void run() {
        throw new ParameterException(
                spec.commandLine(),
                "'%s' needs a subcommand: %s"
                        .formatted(
                                spec.qualifiedName(),
                                String.join(", ", spec.subcommands().keySet())));
    }
}
