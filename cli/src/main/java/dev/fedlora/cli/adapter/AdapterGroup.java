package dev.fedlora.cli.adapter;

import dev.fedlora.cli.command.Group;
import picocli.CommandLine.Command;

/** {@code fedlora adapter}. */
@Command(
        name = "adapter",
        description = "Inspect, check, convert and merge trained adapters.",
        subcommands = {InspectCommand.class, ConvertCommand.class, MergeCommand.class, VerifyCommand.class})
public final class AdapterGroup extends Group {}
