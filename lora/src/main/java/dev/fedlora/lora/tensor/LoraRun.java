package dev.fedlora.lora.tensor;

import org.jspecify.annotations.Nullable;

/**
 * Rows of a batch that use one pair of LoRA factors. One adapter over the whole batch is one run; per-example gradients
 * are a run an example, all with the same arrays; several adapters served at once are a run each.
 *
 * @param firstRow of the batch
 * @param rows how many, at least 1
 * @param rank r
 * @param scale s, what B (A x) is multiplied by
 * @param a r × K, shared
 * @param b N × r, shared
 * @param hidden rows × r, starting with this run's first row: x Aᵀ, written on the way forward, read on the way back
 * @param gradient where the gradients of A and B are added; null when only the gradient of x is wanted, or on the way
 *     forward
 */
@SuppressWarnings("ArrayRecordComponent") // shared on purpose, never copied
public record LoraRun(
        int firstRow,
        int rows,
        int rank,
        float scale,
        float[] a,
        float[] b,
        Panel hidden,
        @Nullable Gradient gradient) {
    /**
     * Accumulators of a pair of factors.
     *
     * @param a r × K, or null where A is frozen
     * @param b N × r, or null where B is frozen
     */
    public record Gradient(@Nullable Panel a, @Nullable Panel b) {}

    /** Returns the row after the last one. */
    public int endRow() {
        return firstRow + rows;
    }

    /** Says whether {@code next} goes on where this run ends, with the same factors and in the same hidden matrix. */
    boolean continuesWith(LoraRun next) {
        return next.firstRow == endRow()
                && next.a == a
                && next.b == b
                && next.scale == scale
                && next.hidden.values() == hidden.values()
                && next.hidden.stride() == hidden.stride()
                && next.hidden.offset() == hidden.offset() + rows * hidden.stride();
    }
}
