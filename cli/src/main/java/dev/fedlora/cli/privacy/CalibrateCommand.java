package dev.fedlora.cli.privacy;

import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.privacy.accounting.Accountants;
import dev.fedlora.privacy.accounting.Budget;
import dev.fedlora.privacy.accounting.Calibration;
import dev.fedlora.privacy.accounting.NoiseKind;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code fedlora privacy calibrate}: how much noise a budget needs. */
@Command(
        name = "calibrate",
        description = "Find the least noise multiplier with which Poisson-sampled Gaussian steps stay within a budget.")
final class CalibrateCommand extends AnsweringCommand {
    @Option(names = "--epsilon", required = true, paramLabel = "E", description = "Epsilon of the budget.")
    private double epsilon;

    @Option(names = "--delta", required = true, paramLabel = "D", description = "Delta of the budget.")
    private double delta;

    @Option(
            names = "--sampling-rate",
            required = true,
            paramLabel = "Q",
            description = "Probability of an example to be in a batch.")
    private double samplingRate;

    @Option(names = "--steps", required = true, paramLabel = "T", description = "Number of steps in all.")
    private long steps;

    @Option(
            names = "--accountant",
            paramLabel = "NAME",
            defaultValue = Accountants.DEFAULT,
            description = "How costs are added up (default: ${DEFAULT-VALUE}).")
    private String accountant = Accountants.DEFAULT;

    @Option(
            names = "--noise",
            paramLabel = "KIND",
            defaultValue = "continuous",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private NoiseKind noise = NoiseKind.CONTINUOUS;

    @Override
    protected Answer answer() {
        double multiplier = fromOptions(() -> Calibration.noiseMultiplier(
                Accountants.named(accountant), new Budget(epsilon, delta), samplingRate, steps, noise));
        return Answer.of(Answer.object().put("noiseMultiplier", multiplier), "noise multiplier " + multiplier);
    }
}
