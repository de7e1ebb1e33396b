package dev.fedlora.lora.tensor;

import dev.fedlora.lora.quant.QuantizedMatrix;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The matrix products of one worker thread. Shapes: R rows of the batch, W is N × K (N outputs, K inputs).
 *
 * <p>Holds scratch memory, so an instance belongs to one thread at a time; a {@link MatrixBackend} opens one for each
 * worker. Results depend on the arguments alone, never on which instance or thread computed them.
 */
public interface MatrixProducts extends AutoCloseable {
    /**
     * y (R × N) = x (R × K) · Wᵀ.
     *
     * @param accumulate whether the product is added to what {@code y} holds
     */
    void forward(QuantizedMatrix weight, Panel x, int rows, Panel y, boolean accumulate);

    /**
     * dx (R × K) = dy (R × N) · W: the gradient of the layer's input.
     *
     * @param accumulate whether the product is added to what {@code dx} holds
     */
    void backward(QuantizedMatrix weight, Panel dy, int rows, Panel dx, boolean accumulate);

    /** c (M × N) = op(a) · op(b), with op(a) M × K and op(b) K × N; everything else stands in {@code shape}. */
    void multiply(Shape shape, Panel a, Panel b, Panel c);

    /**
     * The outputs of layers that read the same x (R × K), LoRA included.
     *
     * @param accumulate whether they are added to what the outputs hold
     */
    default void forward(List<AdaptedLayer> layers, Panel x, int rows, boolean accumulate) {
        new ComposedProducts(this).forward(layers, x, rows, accumulate);
    }

    /**
     * The way back of {@link #forward(List, Panel, int, boolean)}, whose hidden matrices the runs still hold:
     *
     * <pre>
     * dh  = s dy B
     * dB += s dyᵀ h,  dA += dhᵀ x     where the run says
     * dx  = Σ over the layers of dy W + dh A
     * </pre>
     *
     * @param x the layers' input; read only for the gradients of A
     * @param dx R × K, or null when it is not wanted
     * @param accumulate whether dx is added to what it holds
     */
    default void backward(List<AdaptedLayer> layers, Panel x, int rows, @Nullable Panel dx, boolean accumulate) {
        new ComposedProducts(this).backward(layers, x, rows, dx, accumulate);
    }

    /**
     * context = softmax(q kᵀ · scale) v, for each head and sequence (Vaswani et al., Attention Is All You Need, NIPS 2017,
     * arXiv 1706.03762). Scores are never kept: memory grows with the length of a sequence, not with its square.
     *
     * @param context R × (H · E)
     */
    default void attention(AttentionShape shape, AttentionShape.Operands in, Panel context) {
        new ComposedProducts(this).attention(shape, in, context);
    }

    /**
     * Gradients of queries, keys and values; the attention weights are computed again.
     *
     * @param dContext R × (H · E)
     * @param gradient overwritten; none of its panels may be one of {@code in} or {@code dContext}
     */
    default void attentionBackward(
            AttentionShape shape, AttentionShape.Operands in, Panel dContext, AttentionShape.Operands gradient) {
        new ComposedProducts(this).attentionBackward(shape, in, dContext, gradient);
    }

    /** Computes losses, and the gradient where it is wanted; returns the sum of the weighted losses. */
    default double crossEntropy(OutputLoss loss) {
        return new ComposedProducts(this).crossEntropy(loss);
    }

    /** Frees the scratch memory. */
    @Override
    void close();

    /**
     * A product of two small dense matrices.
     *
     * @param m rows of c
     * @param n columns of c
     * @param k inner length
     * @param transposeA whether a is stored as K × M
     * @param transposeB whether b is stored as N × K
     * @param scale the product is multiplied by this
     * @param accumulate whether it is added to what c holds
     */
    record Shape(int m, int n, int k, boolean transposeA, boolean transposeB, float scale, boolean accumulate) {}
}
