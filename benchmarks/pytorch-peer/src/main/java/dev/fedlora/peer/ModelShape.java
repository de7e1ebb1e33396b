package dev.fedlora.peer;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The sizes of a model of the Llama family whose weights are random: only shapes matter to the time that a step takes. */
enum ModelShape {
    /** HuggingFaceTB/SmolLM2-135M: the output matrix is the embedding. */
    SMOLLM2_135M("smollm2-135m", 30, 576, 9, 3, 1536, 49152, true),
    /** TinyLlama/TinyLlama-1.1B: an output matrix of its own. */
    TINYLLAMA_1_1B("tinyllama-1.1b", 22, 2048, 32, 4, 5632, 32000, false),
    /** Of no published model: small enough to be trained in a test. */
    TINY("tiny", 2, 64, 4, 2, 160, 300, true);

    private final String label;
    private final int blocks;
    private final int width;
    private final int heads;
    private final int keyHeads;
    private final int feedForward;
    private final int vocabulary;
    private final boolean isTied;

    ModelShape(
            String label,
            int blocks,
            int width,
            int heads,
            int keyHeads,
            int feedForward,
            int vocabulary,
            boolean isTied) {
        this.label = label;
        this.blocks = blocks;
        this.width = width;
        this.heads = heads;
        this.keyHeads = keyHeads;
        this.feedForward = feedForward;
        this.vocabulary = vocabulary;
        this.isTied = isTied;
    }

    /**
     * The shape of that name.
     *
     * @throws IllegalArgumentException if there is none, with the names that there are
     */
    static ModelShape named(String label) {
        return Arrays.stream(values())
                .filter(shape -> shape.label.equals(label))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("--shape: got " + label + ", allowed: " + labels()));
    }

    private static String labels() {
        return Arrays.stream(values()).map(ModelShape::label).collect(Collectors.joining(", "));
    }

    String label() {
        return label;
    }

    int blocks() {
        return blocks;
    }

    /** D. */
    int width() {
        return width;
    }

    /** H. */
    int heads() {
        return heads;
    }

    /** K, a divisor of H. */
    int keyHeads() {
        return keyHeads;
    }

    int headWidth() {
        return width / heads;
    }

    /** The width of all keys of a token, and of all its values. */
    int keyWidth() {
        return keyHeads * headWidth();
    }

    int feedForward() {
        return feedForward;
    }

    /** V. */
    int vocabulary() {
        return vocabulary;
    }

    /** Whether the output matrix is the embedding. */
    boolean isTied() {
        return isTied;
    }
}
