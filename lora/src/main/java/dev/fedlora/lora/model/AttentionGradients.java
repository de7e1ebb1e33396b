package dev.fedlora.lora.model;

/** Scratch of one pass for the way back through attention; shared by all blocks. */
final class AttentionGradients {
    /** R × D each. */
    float[] context = new float[0];

    float[] q = new float[0];
    float[] k = new float[0];
    float[] v = new float[0];
    /** H × T × T of the longest sequence. */
    float[] scores = new float[0];

    void reserve(TokenBatch batch, BertShape shape) {
        int wide = batch.rows() * shape.width();
        context = PassState.grown(context, wide);
        q = PassState.grown(q, wide);
        k = PassState.grown(k, wide);
        v = PassState.grown(v, wide);
        scores = PassState.grown(scores, shape.heads() * batch.longest() * batch.longest());
    }
}
