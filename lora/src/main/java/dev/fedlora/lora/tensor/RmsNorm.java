package dev.fedlora.lora.tensor;

/**
 * The frozen parameters of one root-mean-square normalization over rows of K values.
 *
 * <pre>
 * y = x / sqrt(mean(x²) + epsilon) · weight
 * </pre>
 *
 * <p>Zhang, Sennrich, Root Mean Square Layer Normalization, NeurIPS 2019 (arXiv 1910.07467). The array is shared with the
 * caller.
 *
 * @param weight K values
 * @param epsilon at least 0
 */
@SuppressWarnings("ArrayRecordComponent") // shared on purpose, never copied
public record RmsNorm(float[] weight, float epsilon) {
    /** @throws IllegalArgumentException when there are no columns or epsilon is negative */
    public RmsNorm {
        if (weight.length == 0) {
            throw new IllegalArgumentException("an RMS norm needs at least one weight");
        }
        if (!(epsilon >= 0)) {
            throw new IllegalArgumentException("epsilon of an RMS norm must be at least 0, got " + epsilon);
        }
    }

    /** Returns K, the length of a row. */
    public int columns() {
        return weight.length;
    }
}
