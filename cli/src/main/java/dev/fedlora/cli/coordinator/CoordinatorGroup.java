package dev.fedlora.cli.coordinator;

import dev.fedlora.cli.command.Group;
import picocli.CommandLine.Command;

/** {@code fedlora coordinator}. */
@Command(
        name = "coordinator",
        description = "Run the server of a federation.",
        subcommands = {InitCommand.class, RunCommand.class, StatusCommand.class})
public final class CoordinatorGroup extends Group {}
