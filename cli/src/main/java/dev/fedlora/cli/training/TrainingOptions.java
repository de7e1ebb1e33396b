package dev.fedlora.cli.training;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.train.OptimizerPlan;
import java.util.List;
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
            description = "Linear layers that are adapted in every block (default: ${DEFAULT-VALUE}).")
    private List<String> targets = List.of("attn_q", "attn_v");

    @Option(names = "--steps", paramLabel = "N", description = "Training steps (default: one pass over the data).")
    private @Nullable Integer steps;

    @Option(
            names = "--batch",
            paramLabel = "B",
            defaultValue = "16",
            description = "Examples a step; the expected number in private training (default: ${DEFAULT-VALUE}).")
    private int batch = 16;

    @Option(
            names = "--max-tokens",
            paramLabel = "T",
            defaultValue = "96",
            description = "Longest text, the rest is cut off (default: ${DEFAULT-VALUE}).")
    private int maxTokens = 96;

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

    AdapterSpec adapterSpec() {
        return new AdapterSpec(rank, alpha, targets);
    }

    OptimizerPlan optimizer() {
        return OptimizerPlan.constant(learningRate, headLearningRate);
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

    int maxTokens() {
        return maxTokens;
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
