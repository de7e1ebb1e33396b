package dev.fedlora.cli.demo;

import dev.fedlora.aggregation.secagg.GraphParameters;
import dev.fedlora.aggregation.wire.AggregationSpec;
import dev.fedlora.aggregation.wire.LocalTraining;
import dev.fedlora.aggregation.wire.PhaseDeadlines;
import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.aggregation.wire.Weighting;
import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.model.BaseModel;
import dev.fedlora.lora.model.LinearLayer;
import dev.fedlora.privacy.accounting.Accountants;
import dev.fedlora.privacy.accounting.Budget;
import dev.fedlora.privacy.accounting.Calibration;
import dev.fedlora.privacy.accounting.NoiseKind;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The terms of the demonstration's task, each client passing over a third of its data a round: LoRA of rank 8 on queries and
 * values, and a classifier head; or, where examples are prompts, on every linear layer.
 */
final class DemoTask {
    static final String NAME = "demo";

    private static final int RANK = 8;
    private static final float ALPHA = 16;
    private static final int MAX_TOKENS = 96; // where three quarters of MedQuAD's answers end
    private static final int MAX_PROMPT_TOKENS = 128; // prompt and response together
    private static final double DATA_FRACTION = 1 / 3.0;
    private static final double LEARNING_RATE = 3e-3;
    private static final double HEAD_LEARNING_RATE = 2e-2;
    private static final int BATCH = 16;
    private static final int PROMPT_BATCH = 8;
    private static final int LEAST_STEPS = 4; // of the median client in a round; fewer examples make smaller batches

    /** Several times the norm of an update that these rates and steps give, so that honest ones are not changed. */
    private static final double CLIPPING_BOUND = 32;

    // training is in the first phase's deadline, and a slow or busy machine shares it among all clients
    private static final Duration TRAINING = Duration.ofMinutes(30);
    private static final Duration EXCHANGE = Duration.ofMinutes(2);
    /** What vanished clients are waited for: each round with some takes that long. */
    private static final Duration VANISHED = Duration.ofSeconds(3);

    private static final int PRIVATE_STEPS = 4;
    private static final double GRADIENT_CLIP = 1;
    /** A budget is met from below: figures are summed in another order when rounds are charged one by one. */
    private static final double MARGIN = 1 - 1e-9;

    private DemoTask() {}

    /**
     * Returns the task.
     *
     * @throws IllegalArgumentException when the settings do not go together
     */
    static TaskSpec of(DemoSettings settings, BaseModel model, DemoData data) {
        int clients = data.owners().size();
        return new TaskSpec(
                        NAME,
                        "fedlora-demo",
                        model.architecture(),
                        model.sha256(),
                        adapter(model, data),
                        data.labels(),
                        isOfPrompts(data) ? MAX_PROMPT_TOKENS : MAX_TOKENS,
                        settings.rounds(),
                        training(settings, data),
                        new AggregationSpec(
                                settings.secureAggregation() ? Protocol.SECAGG : Protocol.PLAIN,
                                threshold(clients),
                                corrupt(clients),
                                clippingBound(settings, model, data),
                                settings.budget() == null ? Weighting.EXAMPLES : Weighting.UNIFORM,
                                largestTurn(data),
                                deadlines(settings)),
                        privacy(settings))
                .validate();
    }

    /** Returns how many clients may vanish in a round that still comes to an end. */
    static int mostVanishing(int clients) {
        return clients - threshold(clients);
    }

    /** Returns how many clients may work with a dishonest coordinator: a quarter, which leaves room for lost ones. */
    static int corrupt(int clients) {
        return clients / 4;
    }

    /** Returns how many clients must stay to the end. */
    static int threshold(int clients) {
        return GraphParameters.forClients(clients, corrupt(clients)).threshold();
    }

    private static boolean isOfPrompts(DemoData data) {
        return data.measure() == Measure.PERPLEXITY;
    }

    private static AdapterSpec adapter(BaseModel model, DemoData data) {
        List<String> all = model.linearLayers().stream().map(LinearLayer::name).toList();
        return new AdapterSpec(RANK, ALPHA, isOfPrompts(data) ? all : List.of("attn_q", "attn_v"));
    }

    /**
     * Returns {@value #CLIPPING_BOUND}, or, for prompts, whose base models differ in size by thousands, what no honest update
     * comes near: each parameter moving one way in every step, by AdamW's rate, of the largest client's round.
     */
    private static double clippingBound(DemoSettings settings, BaseModel model, DemoData data) {
        if (!isOfPrompts(data)) {
            return CLIPPING_BOUND;
        }
        int batch = training(settings, data).batchSize();
        int steps = settings.budget() == null ? (largestTurn(data) + batch - 1) / batch : PRIVATE_STEPS;
        int parameters =
                model.newAdapter(adapter(model, data), data.labels(), 0).parameterCount();
        return LEARNING_RATE * steps * Math.sqrt(parameters);
    }

    private static LocalTraining training(DemoSettings settings, DemoData data) {
        int turn = (int) (medianExamples(data) * DATA_FRACTION);
        int most = isOfPrompts(data) ? PROMPT_BATCH : BATCH;
        int batch = Math.max(1, Math.min(most, turn / LEAST_STEPS));
        if (settings.budget() != null) {
            batch = Math.max(1, turn / PRIVATE_STEPS); // what noised sums are divided by
        }
        return new LocalTraining(LEARNING_RATE, HEAD_LEARNING_RATE, batch, DATA_FRACTION, settings.seed());
    }

    private static PhaseDeadlines deadlines(DemoSettings settings) {
        if (!settings.secureAggregation()) {
            return PhaseDeadlines.of(TRAINING, TRAINING); // in the clear, the vector is the first message
        }
        Duration masked = settings.drop() > 0 ? VANISHED : EXCHANGE;
        return new PhaseDeadlines(TRAINING, EXCHANGE, masked, EXCHANGE, EXCHANGE);
    }

    private static @Nullable PrivacySpec privacy(DemoSettings settings) {
        Budget budget = settings.budget();
        if (budget == null) {
            return null;
        }
        double rate = DATA_FRACTION / PRIVATE_STEPS;
        double noise = Calibration.noiseMultiplier(
                Accountants.named(Accountants.DEFAULT),
                new Budget(budget.epsilon() * MARGIN, budget.delta()),
                rate,
                (long) PRIVATE_STEPS * settings.rounds(),
                NoiseKind.DISCRETE);
        return new PrivacySpec(budget.epsilon(), budget.delta(), noise, GRADIENT_CLIP, rate, PRIVATE_STEPS, "record");
    }

    /** The client with the most examples weighs 1, the others in proportion. */
    private static int largestTurn(DemoData data) {
        int most = data.owners().stream()
                .mapToInt(owner -> owner.examples().size())
                .max()
                .orElseThrow();
        return Math.max(1, (int) (most * DATA_FRACTION));
    }

    private static int medianExamples(DemoData data) {
        int[] sizes = data.owners().stream()
                .mapToInt(owner -> owner.examples().size())
                .sorted()
                .toArray();
        return sizes[sizes.length / 2];
    }
}
