package dev.fedlora.cli.roster;

import dev.fedlora.cli.command.Group;
import picocli.CommandLine.Command;

/** {@code fedlora roster}. */
@Command(name = "roster", description = "Say who the clients of a federation are.", subcommands = CreateCommand.class)
public final class RosterGroup extends Group {}
