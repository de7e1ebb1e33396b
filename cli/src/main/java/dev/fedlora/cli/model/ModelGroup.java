package dev.fedlora.cli.model;

import dev.fedlora.cli.command.Group;
import picocli.CommandLine.Command;

/** {@code fedlora model}. */
@Command(
        name = "model",
        description = "Convert, inspect and try base models.",
        subcommands = {
            ConvertCommand.class,
            InspectCommand.class,
            TokenizeCommand.class,
            EmbedCommand.class,
            QuantizeCommand.class,
            LogitsCommand.class,
            PerplexityCommand.class,
            GenerateCommand.class
        })
public final class ModelGroup extends Group {}
