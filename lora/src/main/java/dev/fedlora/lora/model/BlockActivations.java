package dev.fedlora.lora.model;

/**
 * What one block computes on the way forward and reads again on the way back. The arrays grow with the batch and are
 * reused; they may be longer than their shape.
 */
final class BlockActivations {
    /** R × D each: the block's input, queries, keys, values, mixed values. */
    float[] input = new float[0];

    float[] q = new float[0];
    float[] k = new float[0];
    float[] v = new float[0];
    float[] context = new float[0];
    /** For each sequence, H × T × T attention weights. */
    float[] attention = new float[0];
    /** R × D: input plus attention output, before its LayerNorm; and after it. */
    float[] attentionSum = new float[0];

    float[] attended = new float[0];
    /** R × F: before GELU. */
    float[] up = new float[0];
    /** R × D: attended plus feed-forward output, before its LayerNorm. */
    float[] outputSum = new float[0];

    private final float[][] loraHidden;

    BlockActivations(int linearLayers) {
        loraHidden = new float[linearLayers][0];
    }

    /** Makes room for a batch. */
    void reserve(TokenBatch batch, BertShape shape) {
        int rows = batch.rows();
        int wide = rows * shape.width();
        input = PassState.grown(input, wide);
        q = PassState.grown(q, wide);
        k = PassState.grown(k, wide);
        v = PassState.grown(v, wide);
        context = PassState.grown(context, wide);
        attention = PassState.grown(attention, attentionOffset(batch, batch.sequences(), shape.heads()));
        attentionSum = PassState.grown(attentionSum, wide);
        attended = PassState.grown(attended, wide);
        up = PassState.grown(up, rows * shape.feedForward());
        outputSum = PassState.grown(outputSum, wide);
    }

    /** Returns where the attention weights of sequence {@code sequence} start. */
    static int attentionOffset(TokenBatch batch, int sequence, int heads) {
        int offset = 0;
        for (int s = 0; s < sequence; s++) {
            offset += heads * batch.length(s) * batch.length(s);
        }
        return offset;
    }

    /** Returns x Aᵀ of linear layer {@code layer}: room for {@code size} values. */
    float[] loraHidden(int layer, int size) {
        loraHidden[layer] = PassState.grown(loraHidden[layer], size);
        return loraHidden[layer];
    }
}
