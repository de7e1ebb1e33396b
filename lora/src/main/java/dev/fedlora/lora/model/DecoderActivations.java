package dev.fedlora.lora.model;

import dev.fedlora.lora.tensor.AttentionShape;
import dev.fedlora.lora.tensor.Panel;

/**
 * What one block of a decoder computes on the way forward and reads again on the way back. Norms, attention weights and
 * the gated values are cheaper to compute again than to keep. The arrays grow with the batch and are reused; they may be
 * longer than their shape.
 */
final class DecoderActivations {
    /** R × D each: what enters the block, and what enters its feed-forward half. Of blocks that backward reaches. */
    float[] input = new float[0];

    float[] attended = new float[0];
    /** R × HE, R × GE, R × GE: after rotary positions. */
    float[] q = new float[0];

    float[] k = new float[0];
    float[] v = new float[0];
    /** R × HE, R × GE: before their norms, where the model has such. */
    float[] rawQ = new float[0];

    float[] rawK = new float[0];
    /** R × HE: the mixed values. */
    float[] context = new float[0];
    /** R × F each; on the way back their gradients. */
    float[] gate = new float[0];

    float[] up = new float[0];

    final LoraHiddens hiddens = new LoraHiddens(DecoderModel.LINEAR_LAYERS);
    /** Apart, because the last product of a block is not computed again when the others are. */
    LoraHiddens downHidden = new LoraHiddens(DecoderModel.LINEAR_LAYERS);

    /**
     * Makes room for a batch.
     *
     * @param forBackward whether the inputs of both halves are kept too
     */
    void reserve(int rows, DecoderShape shape, boolean headNorms, boolean forBackward) {
        q = exactly(q, rows * shape.queryWidth());
        k = exactly(k, rows * shape.keyWidth());
        v = exactly(v, rows * shape.keyWidth());
        context = exactly(context, rows * shape.queryWidth());
        gate = exactly(gate, rows * shape.feedForward());
        up = exactly(up, rows * shape.feedForward());
        if (headNorms) {
            rawQ = exactly(rawQ, rows * shape.queryWidth());
            rawK = exactly(rawK, rows * shape.keyWidth());
        }
        if (forBackward) {
            input = exactly(input, rows * shape.width());
            attended = exactly(attended, rows * shape.width());
        }
    }

    /** Returns the values that {@link #reserve} makes room for, for each row; those of the LoRA factors come on top. */
    static long valuesPerRow(DecoderShape shape, boolean headNorms, boolean forBackward) {
        long heads = shape.queryWidth() + (long) shape.keyWidth();
        long inputs = forBackward ? 2L * shape.width() : 0;
        return 2L * shape.queryWidth()
                + 2L * shape.keyWidth()
                + (headNorms ? heads : 0)
                + 2L * shape.feedForward()
                + inputs;
    }

    /** Returns the values that there is room for. */
    long size() {
        return (long) input.length
                + attended.length
                + q.length
                + k.length
                + v.length
                + rawQ.length
                + rawK.length
                + context.length
                + gate.length
                + up.length
                + hiddens.size()
                + downHidden.size();
    }

    AttentionShape.Operands operands(DecoderShape shape) {
        return new AttentionShape.Operands(
                Panel.of(q, shape.queryWidth()), Panel.of(k, shape.keyWidth()), Panel.of(v, shape.keyWidth()));
    }

    /** Returns {@code array} when it holds {@code size} values, else a new one of exactly that many. */
    static float[] exactly(float[] array, int size) {
        return array.length >= size ? array : new float[size];
    }
}
