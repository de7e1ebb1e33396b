package dev.fedlora.benchmarks.training;

import java.util.Arrays;
import java.util.Locale;

/** The shape of a published model, to be filled with random weights. */
public enum ModelShape {
    /** SmolLM2-135M (Ben Allal et al., 2025, arXiv 2502.02737): output tied to the embedding. */
    SMOLLM2_135M(30, 576, 9, 3, 1536, 49152, 8192, true),
    /** TinyLlama-1.1B (Zhang et al., 2024, arXiv 2401.02385). */
    TINYLLAMA_1_1B(22, 2048, 32, 4, 5632, 32000, 2048, false),
    /** Of no published model: small enough to be trained in a test. */
    TINY(2, 64, 4, 2, 160, 300, 128, true);

    final int blocks;
    final int width;
    final int heads;
    final int keyHeads;
    final int feedForward;
    final int vocabulary;
    final int context;
    final boolean tied;

    ModelShape(
            int blocks,
            int width,
            int heads,
            int keyHeads,
            int feedForward,
            int vocabulary,
            int context,
            boolean tied) {
        this.blocks = blocks;
        this.width = width;
        this.heads = heads;
        this.keyHeads = keyHeads;
        this.feedForward = feedForward;
        this.vocabulary = vocabulary;
        this.context = context;
        this.tied = tied;
    }

    /** Returns the name on the command line, such as {@code smollm2-135m} or {@code tinyllama-1.1b}. */
    public String label() {
        return this == TINYLLAMA_1_1B
                ? "tinyllama-1.1b"
                : name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * Returns the shape of that name.
     *
     * @throws IllegalArgumentException when there is none
     */
    public static ModelShape of(String label) {
        return Arrays.stream(values())
                .filter(shape -> shape.label().equals(label))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("unknown shape '%s', known are %s"
                        .formatted(
                                label,
                                Arrays.stream(values()).map(ModelShape::label).toList())));
    }

    /** Returns the weights that take part in products, output matrix included: a step costs about four times as many multiplications a token. */
    public long multipliedWeights() {
        long keyWidth = (long) width / heads * keyHeads;
        return blocks * (2L * width * width + 2 * width * keyWidth + 3L * width * feedForward)
                + (long) vocabulary * width;
    }
}
