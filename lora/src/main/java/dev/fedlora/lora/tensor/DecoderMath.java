package dev.fedlora.lora.tensor;

/**
 * What {@link RowKernels} dispatches to for the parts that decoders have and encoders lack; arguments are already checked.
 * Stateless and thread-safe.
 */
interface DecoderMath {
    void rmsNorm(RmsNorm norm, Panel x, int rows, Panel y);

    /** dx = gradient, or dx += gradient. dx may be dy when nothing is to be added. */
    void rmsNormBackward(RmsNorm norm, Panel x, int rows, Gradients gradients);

    void swiGlu(Panel gate, Panel up, int rows, int columns, Panel y);

    void swiGluBackward(Panel gate, Panel up, int rows, int columns, Panel dy);

    void rotate(Rotation rotation, int[] positions, Panel x, Turn turn);

    void attend(CachedAttention attention, Panel q, Panel context, float[] scores);

    /** Where a gradient comes from, where it goes, and whether it is added there. */
    record Gradients(Panel dy, Panel dx, boolean accumulate) {}

    /** What is turned: {@code heads} heads a row; against the angles when {@code back}. */
    record Turn(int rows, int heads, boolean back) {}
}
