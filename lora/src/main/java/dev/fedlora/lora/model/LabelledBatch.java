package dev.fedlora.lora.model;

/**
 * A batch of texts with their classes. The arrays are shared with the caller, not copied.
 */
public final class LabelledBatch {
    private final TokenBatch tokens;
    private final int[] labels;
    private final float[] weights;

    /**
     * @param labels S class numbers
     * @param weights S values by which each text's loss and gradient are multiplied
     * @throws IllegalArgumentException when there is not one of each for every sequence
     */
    public LabelledBatch(TokenBatch tokens, int[] labels, float[] weights) {
        if (labels.length != tokens.sequences() || weights.length != tokens.sequences()) {
            throw new IllegalArgumentException("%d sequences got %d labels and %d weights"
                    .formatted(tokens.sequences(), labels.length, weights.length));
        }
        this.tokens = tokens;
        this.labels = labels;
        this.weights = weights;
    }

    /** Returns the texts. */
    public TokenBatch tokens() {
        return tokens;
    }

    /** Returns the class of sequence {@code sequence}. */
    public int label(int sequence) {
        return labels[sequence];
    }

    /** Returns the weight of sequence {@code sequence}. */
    public float weight(int sequence) {
        return weights[sequence];
    }
}
