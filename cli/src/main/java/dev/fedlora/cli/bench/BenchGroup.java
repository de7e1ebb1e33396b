package dev.fedlora.cli.bench;

import dev.fedlora.cli.command.Group;
import picocli.CommandLine.Command;

/** {@code fedlora bench}. */
@Command(
        name = "bench",
        description = "How fast the engine is on this machine.",
        subcommands = {TrainCommand.class})
public final class BenchGroup extends Group {}
