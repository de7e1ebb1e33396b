package dev.fedlora.lora.model;

import dev.fedlora.lora.tensor.MatrixProducts;
import dev.fedlora.lora.tensor.MatrixProducts.Shape;
import dev.fedlora.lora.tensor.Panel;
import dev.fedlora.lora.tensor.RowKernels;

/**
 * Bidirectional attention within each sequence: for every head, with q, k, v of T × E,
 *
 * <pre>
 * P = softmax(q kᵀ / √E)    T × T
 * context = P v             T × E
 * </pre>
 *
 * <p>(Vaswani et al., Attention Is All You Need, NIPS 2017, arXiv 1706.03762.) Rows of other sequences are never looked
 * at, so no mask is needed. Immutable and thread-safe.
 */
final class SelfAttention {
    private final int width;
    private final int heads;
    private final int headWidth;
    private final float scale;

    SelfAttention(BertShape shape) {
        this.width = shape.width();
        this.heads = shape.heads();
        this.headWidth = shape.headWidth();
        this.scale = (float) (1 / Math.sqrt(headWidth));
    }

    /** Fills {@code at.attention} and {@code at.context} from {@code at.q}, {@code at.k} and {@code at.v}. */
    void forward(PassState pass, BlockActivations at) {
        TokenBatch batch = pass.batch();
        int offset = 0;
        for (int s = 0; s < batch.sequences(); s++) {
            int t = batch.length(s);
            int row = batch.start(s);
            Shape scores = new Shape(t, t, headWidth, false, true, scale, false);
            for (int h = 0; h < heads; h++) {
                pass.products.multiply(
                        scores, head(at.q, row, h), head(at.k, row, h), square(at.attention, offset, h, t));
            }
            RowKernels.softmax(square(at.attention, offset, 0, t), heads * t, t);
            Shape mix = new Shape(t, headWidth, t, false, false, 1, false);
            for (int h = 0; h < heads; h++) {
                pass.products.multiply(
                        mix, square(at.attention, offset, h, t), head(at.v, row, h), head(at.context, row, h));
            }
            offset += heads * t * t;
        }
    }

    /**
     * Gradients of q, k and v from that of the context.
     *
     * <pre>
     * dv = Pᵀ dcontext,  dP = dcontext vᵀ,  dS = P ∘ (dP - rowsum(P ∘ dP)),  dq = dS k / √E,  dk = dSᵀ q / √E
     * </pre>
     *
     * @param scoresToo whether dq and dk are wanted beside dv
     */
    void backward(PassState pass, BlockActivations at, AttentionGradients gradients, boolean scoresToo) {
        TokenBatch batch = pass.batch();
        int offset = 0;
        for (int s = 0; s < batch.sequences(); s++) {
            int t = batch.length(s);
            int row = batch.start(s);
            Shape toValues = new Shape(t, headWidth, t, true, false, 1, false);
            for (int h = 0; h < heads; h++) {
                Panel context = head(gradients.context, row, h);
                pass.products.multiply(
                        toValues, square(at.attention, offset, h, t), context, head(gradients.v, row, h));
            }
            if (scoresToo) {
                scoresBackward(pass.products, at, gradients, new Place(row, t, offset));
            }
            offset += heads * t * t;
        }
    }

    private void scoresBackward(
            MatrixProducts products, BlockActivations at, AttentionGradients gradients, Place place) {
        int t = place.length;
        float[] scores = gradients.scores;
        Shape toWeights = new Shape(t, t, headWidth, false, true, 1, false);
        for (int h = 0; h < heads; h++) {
            Panel context = head(gradients.context, place.row, h);
            products.multiply(toWeights, context, head(at.v, place.row, h), square(scores, 0, h, t));
        }
        RowKernels.softmaxBackward(square(at.attention, place.offset, 0, t), heads * t, t, square(scores, 0, 0, t));
        Shape toQueries = new Shape(t, headWidth, t, false, false, scale, false);
        Shape toKeys = new Shape(t, headWidth, t, true, false, scale, false);
        for (int h = 0; h < heads; h++) {
            Panel each = square(scores, 0, h, t);
            products.multiply(toQueries, each, head(at.k, place.row, h), head(gradients.q, place.row, h));
            products.multiply(toKeys, each, head(at.q, place.row, h), head(gradients.k, place.row, h));
        }
    }

    private Panel head(float[] values, int row, int head) {
        return new Panel(values, row * width + head * headWidth, width);
    }

    private static Panel square(float[] values, int offset, int head, int length) {
        return new Panel(values, offset + head * length * length, length);
    }

    /** One sequence: its first row, its length and where its attention weights start. */
    private record Place(int row, int length, int offset) {}
}
