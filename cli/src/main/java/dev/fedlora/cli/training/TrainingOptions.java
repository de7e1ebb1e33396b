package dev.fedlora.cli.training;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraScaling;
import dev.fedlora.lora.model.BaseModel;
import dev.fedlora.lora.model.LinearLayer;
import dev.fedlora.lora.train.LearningRateSchedule;
import dev.fedlora.lora.train.LoraOptions;
import dev.fedlora.lora.train.OptimizerPlan;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What is trained, and how. Methods that make something of the options refuse values out of their range. */
final class TrainingOptions {
    @Option(
            names = "--rank",
            paramLabel = "R",
            defaultValue = "8",
            description = "LoRA rank (default: ${DEFAULT-VALUE}).")
    private int rank = 8;

    @Option(
            names = "--alpha",
            paramLabel = "A",
            defaultValue = "16",
            description = "LoRA alpha; updates are scaled by alpha / rank (default: ${DEFAULT-VALUE}).")
    private float alpha = 16;

    @Option(
            names = "--targets",
            split = ",",
            paramLabel = "LAYER",
            defaultValue = "attn_q,attn_v",
            description = "Linear layers that are adapted in every block, or all (default: ${DEFAULT-VALUE}).")
    private List<String> targets = List.of("attn_q", "attn_v");

    @Option(names = "--rank-stabilized", description = "Scale updates by alpha / sqrt(rank) instead (rsLoRA).")
    private boolean rankStabilized;

    @Option(
            names = "--freeze-a",
            description = "Train B alone and leave A as it was drawn (FFA-LoRA), so that a mean of adapters is exact.")
    private boolean freezeA;

    @Option(names = "--dora", hidden = true, description = "Not supported; refused with the reason.")
    private boolean dora;

    @Option(
            names = "--dropout",
            paramLabel = "P",
            defaultValue = "0",
            description = "Share of the values before A that a step leaves out (default: ${DEFAULT-VALUE}).")
    private float dropout;

    @Option(names = "--steps", paramLabel = "N", description = "Training steps (default: one pass over the data).")
    private @Nullable Integer steps;

    @Option(
            names = "--batch",
            paramLabel = "B",
            defaultValue = "16",
            description = "Examples a step; the expected number in private training (default: ${DEFAULT-VALUE}).")
    private int batch = 16;

    @Option(
            names = "--learning-rate",
            paramLabel = "L",
            defaultValue = "1e-3",
            description = "Of the LoRA factors (default: ${DEFAULT-VALUE}).")
    private double learningRate = 1e-3;

    @Option(
            names = "--head-learning-rate",
            paramLabel = "L",
            defaultValue = "2e-2",
            description = "Of the classifier head (default: ${DEFAULT-VALUE}).")
    private double headLearningRate = 2e-2;

    @Option(
            names = "--weight-decay",
            paramLabel = "W",
            defaultValue = "0",
            description = "Decoupled weight decay of AdamW (default: ${DEFAULT-VALUE}).")
    private double weightDecay;

    @Option(
            names = "--gradient-clip",
            paramLabel = "N",
            description = "Largest norm of a step's gradient; longer ones are scaled down (default: none).")
    private @Nullable Double gradientClip;

    @Option(
            names = "--warmup",
            paramLabel = "N",
            defaultValue = "0",
            description = "Steps over which the learning rate rises (default: ${DEFAULT-VALUE}).")
    private int warmup;

    @Option(
            names = "--schedule",
            paramLabel = "NAME",
            defaultValue = "constant",
            description =
                    "How the learning rate goes on: constant, or cosine down to zero (default: ${DEFAULT-VALUE}).")
    private String schedule = "constant";

    @Option(
            names = "--pack",
            description =
                    "Fill each step's batch up to batch x max-tokens tokens, with however many examples that takes.")
    private boolean pack;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Of the first adapter and the order of the examples (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Option(
            names = "--dp-noise-multiplier",
            paramLabel = "S",
            description = "Train differentially private (DP-SGD) with noise of this times the clipping bound.")
    private @Nullable Double noiseMultiplier;

    @Option(
            names = "--dp-clip",
            paramLabel = "C",
            defaultValue = "1",
            description = "Clipping bound of an example's gradient in private training (default: ${DEFAULT-VALUE}).")
    private double clippingBound = 1;

    @Option(
            names = "--delta",
            paramLabel = "D",
            defaultValue = "1e-5",
            description = "At which the epsilon of private training is told (default: ${DEFAULT-VALUE}).")
    private double delta = 1e-5;

    /**
     * Returns what is adapted, and how strongly.
     *
     * @throws IllegalArgumentException when an option is out of its range, or a variant is not supported
     */
    AdapterSpec adapterSpec(BaseModel model) {
        if (dora) {
            throw new IllegalArgumentException(
                    "DoRA is not supported: neither llama.cpp nor the aggregation of federations"
                            + " can take its magnitude vectors; --rank-stabilized and --freeze-a are");
        }
        List<String> layers = targets.equals(List.of("all"))
                ? model.linearLayers().stream().map(LinearLayer::name).toList()
                : targets;
        LoraScaling scaling = rankStabilized ? LoraScaling.RANK_STABILIZED : LoraScaling.STANDARD;
        return new AdapterSpec(rank, alpha, layers, scaling, Map.of(), Map.of());
    }

    LoraOptions variant() {
        return new LoraOptions(freezeA, dropout);
    }

    OptimizerPlan optimizer() {
        return new OptimizerPlan(
                learningRate,
                headLearningRate,
                weightDecay,
                warmup,
                schedule(),
                gradientClip == null ? Double.POSITIVE_INFINITY : gradientClip);
    }

    private LearningRateSchedule schedule() {
        for (LearningRateSchedule each : LearningRateSchedule.values()) {
            if (each.name().equalsIgnoreCase(schedule)) {
                return each;
            }
        }
        throw new IllegalArgumentException("--schedule must be constant or cosine, got " + schedule);
    }

    /** Says whether batches are filled by tokens. */
    boolean packs() {
        return pack;
    }

    /** Returns the number of steps that was asked for, or null for one pass over the data. */
    @Nullable Integer steps() {
        if (steps != null) {
            requirePositive("--steps", steps);
        }
        return steps;
    }

    int batch() {
        requirePositive("--batch", batch);
        return batch;
    }

    long seed() {
        return seed;
    }

    /** Returns the noise multiplier of private training, or null for plain training. */
    @Nullable Double noiseMultiplier() {
        return noiseMultiplier;
    }

    double clippingBound() {
        return clippingBound;
    }

    double delta() {
        return delta;
    }

    private static void requirePositive(String option, int got) {
        if (got < 1) {
            throw new IllegalArgumentException("%s must be at least 1, got %d".formatted(option, got));
        }
    }
}
