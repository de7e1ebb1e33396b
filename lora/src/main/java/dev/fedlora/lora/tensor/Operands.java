package dev.fedlora.lora.tensor;

import dev.fedlora.lora.quant.QuantizedMatrix;

/** The checks that every back end makes before it writes anything. */
final class Operands {
    private Operands() {}

    static void checkForward(QuantizedMatrix weight, Panel x, int rows, Panel y) {
        x.requireHolds("x of " + weight.name(), rows, weight.columns());
        y.requireHolds("y of " + weight.name(), rows, weight.rows());
    }

    static void checkBackward(QuantizedMatrix weight, Panel dy, int rows, Panel dx) {
        dy.requireHolds("dy of " + weight.name(), rows, weight.rows());
        dx.requireHolds("dx of " + weight.name(), rows, weight.columns());
    }

    static void checkMultiply(MatrixProducts.Shape shape, Panel a, Panel b, Panel c) {
        a.requireHolds("a", shape.transposeA() ? shape.k() : shape.m(), shape.transposeA() ? shape.m() : shape.k());
        b.requireHolds("b", shape.transposeB() ? shape.n() : shape.k(), shape.transposeB() ? shape.k() : shape.n());
        c.requireHolds("c", shape.m(), shape.n());
    }
}
