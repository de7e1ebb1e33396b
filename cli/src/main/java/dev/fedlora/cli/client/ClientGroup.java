package dev.fedlora.cli.client;

import dev.fedlora.cli.command.Group;
import picocli.CommandLine.Command;

/** {@code fedlora client}. */
@Command(
        name = "client",
        description = "Take part in a federation.",
        subcommands = {JoinCommand.class, RunCommand.class, StatusCommand.class})
public final class ClientGroup extends Group {}
