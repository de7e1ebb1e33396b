package dev.fedlora.cli.privacy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.privacy.accounting.Accountants;
import dev.fedlora.privacy.accounting.NoiseKind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code fedlora privacy epsilon}: what training costs. */
@Command(
        name = "epsilon",
        description = "Compute the epsilon of Poisson-sampled Gaussian steps (DP-SGD), as an upper bound.")
final class EpsilonCommand extends AnsweringCommand {
    @ArgGroup(multiplicity = "1")
    private Question question = new Question();

    /** Either one question or many. */
    static final class Question {
        @ArgGroup(exclusive = false, heading = "One question:%n")
        private @Nullable Figures figures;

        @Option(
                names = "--batch",
                paramLabel = "FILE",
                description = "Answer a file of questions, a JSON object a line with noiseMultiplier, samplingRate,"
                        + " steps, delta, accountant (rdp unless given) and noise; one JSON answer a line, in order.")
        private @Nullable Path batch;
    }

    /** The figures of one question. */
    static final class Figures {
        @Option(
                names = "--noise-multiplier",
                required = true,
                paramLabel = "S",
                description = "Standard deviation of the noise over the clipping bound.")
        private double noiseMultiplier;

        @Option(
                names = "--sampling-rate",
                required = true,
                paramLabel = "Q",
                description = "Probability of an example to be in a batch.")
        private double samplingRate;

        @Option(names = "--steps", required = true, paramLabel = "T", description = "Number of steps.")
        private long steps;

        @Option(names = "--delta", required = true, paramLabel = "D", description = "Delta of the guarantee.")
        private double delta;

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

        EpsilonQuery query() {
            return new EpsilonQuery(noiseMultiplier, samplingRate, steps, delta, accountant, noise);
        }
    }

    @Override
    protected Answer answer() throws IOException {
        if (question.batch != null) {
            List<Double> epsilons = QueryFile.answers(question.batch);
            String lines = epsilons.stream()
                    .map(epsilon -> Answer.write(json(epsilon)))
                    .collect(Collectors.joining(System.lineSeparator()));
            return new Answer(lines, lines);
        }
        Figures figures = question.figures == null ? new Figures() : question.figures;
        double epsilon = fromOptions(() -> figures.query().epsilon());
        return Answer.of(json(epsilon), "epsilon %s at delta %s".formatted(epsilon, figures.delta));
    }

    private static ObjectNode json(double epsilon) {
        return Answer.object().put("epsilon", epsilon);
    }
}
