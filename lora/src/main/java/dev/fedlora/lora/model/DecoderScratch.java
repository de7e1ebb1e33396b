package dev.fedlora.lora.model;

import dev.fedlora.lora.tensor.AttentionShape;
import dev.fedlora.lora.tensor.Panel;

/** Arrays of one pass that all blocks of a decoder share. */
final class DecoderScratch {
    /** R × D: a normed input, or its gradient. */
    float[] normed = new float[0];
    /** R × HE: the context after its norm, where the model has one. */
    float[] mixed = new float[0];
    /** R × F: after the gate; its gradient. */
    float[] activated = new float[0];

    float[] inner = new float[0];
    /** R × D: the gradient of a normed input. */
    float[] normedGradient = new float[0];
    /** R × HE, R × HE, R × GE, R × GE: gradients. */
    float[] context = new float[0];

    float[] q = new float[0];
    float[] k = new float[0];
    float[] v = new float[0];

    void reserve(int rows, DecoderShape shape, boolean subNorms, boolean forBackward) {
        normed = DecoderActivations.exactly(normed, rows * shape.width());
        activated = DecoderActivations.exactly(activated, rows * shape.feedForward());
        if (subNorms) {
            mixed = DecoderActivations.exactly(mixed, rows * shape.queryWidth());
        }
        if (forBackward) {
            inner = DecoderActivations.exactly(inner, rows * shape.feedForward());
            normedGradient = DecoderActivations.exactly(normedGradient, rows * shape.width());
            context = DecoderActivations.exactly(context, rows * shape.queryWidth());
            q = DecoderActivations.exactly(q, rows * shape.queryWidth());
            k = DecoderActivations.exactly(k, rows * shape.keyWidth());
            v = DecoderActivations.exactly(v, rows * shape.keyWidth());
        }
    }

    /** Returns the values that {@link #reserve} makes room for, for each row. */
    static long valuesPerRow(DecoderShape shape, boolean subNorms, boolean forBackward) {
        long forward = shape.width() + (long) shape.feedForward() + (subNorms ? shape.queryWidth() : 0);
        long back = shape.feedForward() + (long) shape.width() + 2L * shape.queryWidth() + 2L * shape.keyWidth();
        return forBackward ? forward + back : forward;
    }

    /** Returns the values that there is room for. */
    long size() {
        return (long) normed.length
                + mixed.length
                + activated.length
                + inner.length
                + normedGradient.length
                + context.length
                + q.length
                + k.length
                + v.length;
    }

    /** Returns the gradients of queries, keys and values. */
    AttentionShape.Operands gradients(DecoderShape shape) {
        return new AttentionShape.Operands(
                Panel.of(q, shape.queryWidth()), Panel.of(k, shape.keyWidth()), Panel.of(v, shape.keyWidth()));
    }
}
