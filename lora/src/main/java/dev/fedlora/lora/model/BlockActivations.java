package dev.fedlora.lora.model;

import dev.fedlora.lora.tensor.AttentionShape;
import dev.fedlora.lora.tensor.Panel;

/**
 * What one block of a BERT computes on the way forward and reads again on the way back. The arrays grow with the batch and
 * are reused; they may be longer than their shape.
 */
final class BlockActivations {
    /** R × D: the block's input, which belongs to the pass. */
    float[] input = new float[0];
    /** R × D each: queries, keys, values, mixed values. */
    float[] q = new float[0];

    float[] k = new float[0];
    float[] v = new float[0];
    float[] context = new float[0];
    /** R × D: input plus attention output, before its LayerNorm; and after it. */
    float[] attentionSum = new float[0];

    float[] attended = new float[0];
    /** R × F: before GELU. */
    float[] up = new float[0];
    /** R × D: attended plus feed-forward output, before its LayerNorm. */
    float[] outputSum = new float[0];

    final LoraHiddens hiddens = new LoraHiddens(BertBlock.LINEAR_LAYERS);

    /** Makes room for a batch. */
    void reserve(int rows, BertShape shape) {
        int wide = rows * shape.width();
        q = DecoderActivations.exactly(q, wide);
        k = DecoderActivations.exactly(k, wide);
        v = DecoderActivations.exactly(v, wide);
        context = DecoderActivations.exactly(context, wide);
        attentionSum = DecoderActivations.exactly(attentionSum, wide);
        attended = DecoderActivations.exactly(attended, wide);
        up = DecoderActivations.exactly(up, rows * shape.feedForward());
        outputSum = DecoderActivations.exactly(outputSum, wide);
    }

    /** Returns the values that {@link #reserve} makes room for, for each row; those of the LoRA factors come on top. */
    static long valuesPerRow(BertShape shape) {
        return 7L * shape.width() + shape.feedForward();
    }

    /** Returns the values that there is room for, the input's not counted. */
    long size() {
        return (long) q.length
                + k.length
                + v.length
                + context.length
                + attentionSum.length
                + attended.length
                + up.length
                + outputSum.length
                + hiddens.size();
    }

    AttentionShape.Operands operands(BertShape shape) {
        int width = shape.width();
        return new AttentionShape.Operands(Panel.of(q, width), Panel.of(k, width), Panel.of(v, width));
    }
}
