package dev.fedlora.lora;

/**
 * The two factors of one adapted linear layer, row-major: {@code a} is rank × inputs, {@code b} is outputs × rank.
 *
 * <p>The arrays are shared with the caller, not copied: training writes into them. Not thread-safe.
 *
 * @param tensor whole GGUF name of the adapted tensor, such as {@code blk.0.attn_q.weight}
 */
@SuppressWarnings("ArrayRecordComponent") // shared on purpose, never copied
public record LoraFactors(String tensor, int rank, int inputs, int outputs, float[] a, float[] b) {
    /** @throws IllegalArgumentException when an array does not have its shape's length */
    public LoraFactors {
        if (a.length != rank * inputs || b.length != outputs * rank) {
            throw new IllegalArgumentException(
                    "%s: factors of rank %d over %d inputs and %d outputs hold %d and %d values, got %d and %d"
                            .formatted(
                                    tensor, rank, inputs, outputs, rank * inputs, outputs * rank, a.length, b.length));
        }
    }

    /**
     * Returns the Frobenius norm of the product, √trace(BᵀB AAᵀ): r² numbers at a time, where the product itself has
     * outputs × inputs.
     */
    public double productNorm() {
        double trace = 0;
        for (int i = 0; i < rank; i++) {
            for (int j = 0; j < rank; j++) {
                double rowsOfA = 0;
                for (int k = 0; k < inputs; k++) {
                    rowsOfA += (double) a[i * inputs + k] * a[j * inputs + k];
                }
                double columnsOfB = 0;
                for (int n = 0; n < outputs; n++) {
                    columnsOfB += (double) b[n * rank + i] * b[n * rank + j];
                }
                trace += rowsOfA * columnsOfB;
            }
        }
        return Math.sqrt(Math.max(0, trace)); // rounding can leave a zero below zero
    }
}
