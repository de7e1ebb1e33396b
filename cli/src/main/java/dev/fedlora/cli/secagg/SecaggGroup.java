package dev.fedlora.cli.secagg;

import dev.fedlora.cli.command.Group;
import picocli.CommandLine.Command;

/** {@code fedlora secagg}. */
@Command(
        name = "secagg",
        description = "Secure aggregation: parameters and cost.",
        subcommands = {GraphCommand.class, BenchCommand.class})
public final class SecaggGroup extends Group {}
