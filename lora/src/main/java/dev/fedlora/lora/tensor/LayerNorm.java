package dev.fedlora.lora.tensor;

/**
 * The frozen parameters of one layer normalization over rows of K values.
 *
 * <pre>
 * y = (x - mean(x)) / sqrt(variance(x) + epsilon) · weight + bias      variance over K, not K - 1
 * </pre>
 *
 * <p>Ba, Kiros, Hinton, Layer Normalization, 2016 (arXiv 1607.06450). The arrays are shared with the caller.
 *
 * @param weight K values
 * @param bias K values
 * @param epsilon at least 0
 */
@SuppressWarnings("ArrayRecordComponent") // shared on purpose, never copied
public record LayerNorm(float[] weight, float[] bias, float epsilon) {
    /** @throws IllegalArgumentException when the lengths differ or epsilon is negative */
    public LayerNorm {
        if (weight.length != bias.length || weight.length == 0) {
            throw new IllegalArgumentException("a layer norm takes as many weights as biases, got %d and %d"
                    .formatted(weight.length, bias.length));
        }
        if (!(epsilon >= 0)) {
            throw new IllegalArgumentException("epsilon of a layer norm must be at least 0, got " + epsilon);
        }
    }

    /** Returns K, the length of a row. */
    public int columns() {
        return weight.length;
    }
}
