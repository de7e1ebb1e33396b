package dev.fedlora.lora.model;

/** Arrays of one pass that all blocks of a BERT share. */
final class BertScratch {
    final AttentionGradients attention = new AttentionGradients();
    /** R × F each: after GELU; the gradient on either side of GELU. */
    float[] activated = new float[0];

    float[] inner = new float[0];

    void reserve(TokenBatch batch, BertShape shape, boolean forBackward) {
        activated = PassState.grown(activated, batch.rows() * shape.feedForward());
        if (forBackward) {
            inner = PassState.grown(inner, batch.rows() * shape.feedForward());
            attention.reserve(batch, shape);
        }
    }
}
