package dev.fedlora.cli.privacy;

import dev.fedlora.cli.command.Group;
import picocli.CommandLine.Command;

/** {@code fedlora privacy}. */
@Command(
        name = "privacy",
        description = "Account for differentially private training.",
        subcommands = {EpsilonCommand.class, CalibrateCommand.class})
public final class PrivacyGroup extends Group {}
