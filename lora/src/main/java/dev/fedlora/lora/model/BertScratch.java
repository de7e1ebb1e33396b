package dev.fedlora.lora.model;

import dev.fedlora.lora.tensor.AttentionShape;
import dev.fedlora.lora.tensor.Panel;

/** Arrays of one pass that all blocks of a BERT share. */
final class BertScratch {
    /** R × F each: after GELU; the gradient on either side of GELU. */
    float[] activated = new float[0];

    float[] inner = new float[0];
    /** R × D each: gradients on the way back through attention. */
    float[] context = new float[0];

    float[] q = new float[0];
    float[] k = new float[0];
    float[] v = new float[0];
    /** R × D: the output of a block that is computed again; nobody reads it. */
    float[] output = new float[0];

    void reserve(int rows, BertShape shape, boolean forBackward) {
        activated = DecoderActivations.exactly(activated, rows * shape.feedForward());
        if (forBackward) {
            int wide = rows * shape.width();
            inner = DecoderActivations.exactly(inner, rows * shape.feedForward());
            context = DecoderActivations.exactly(context, wide);
            q = DecoderActivations.exactly(q, wide);
            k = DecoderActivations.exactly(k, wide);
            v = DecoderActivations.exactly(v, wide);
            output = DecoderActivations.exactly(output, wide);
        }
    }

    /** Returns the values that {@link #reserve} makes room for on the way back, for each row. */
    static long valuesPerRow(BertShape shape) {
        return 2L * shape.feedForward() + 5L * shape.width();
    }

    /** Returns the values that there is room for. */
    long size() {
        return (long) activated.length + inner.length + context.length + q.length + k.length + v.length + output.length;
    }

    /** Returns the gradients of queries, keys and values. */
    AttentionShape.Operands gradients(BertShape shape) {
        int width = shape.width();
        return new AttentionShape.Operands(Panel.of(q, width), Panel.of(k, width), Panel.of(v, width));
    }
}
