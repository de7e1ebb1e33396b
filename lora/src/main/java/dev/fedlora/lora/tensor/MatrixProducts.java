package dev.fedlora.lora.tensor;

import dev.fedlora.lora.quant.QuantizedMatrix;

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
