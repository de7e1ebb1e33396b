package dev.fedlora.cli.task;

import dev.fedlora.cli.command.Group;
import picocli.CommandLine.Command;

/** {@code fedlora task}. */
@Command(
        name = "task",
        description = "Describe what a federation trains, and see how it gets on.",
        subcommands = {CreateCommand.class, ListCommand.class, ShowCommand.class})
public final class TaskGroup extends Group {}
