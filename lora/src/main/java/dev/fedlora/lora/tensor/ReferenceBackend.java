package dev.fedlora.lora.tensor;

import dev.fedlora.lora.quant.Dequantizer;
import dev.fedlora.lora.quant.QuantizedMatrix;
import java.util.Arrays;

/**
 * The specification of every back end: plain loops, products and sums in double, one rounding to float at the end.
 *
 * <p>Never optimized; some hundred times slower than the fast ones. Thread-safe.
 */
final class ReferenceBackend implements MatrixBackend {
    @Override
    public String name() {
        return "reference";
    }

    @Override
    public MatrixProducts open() {
        return new Products();
    }

    private static final class Products implements MatrixProducts {
        @Override
        public void forward(QuantizedMatrix weight, Panel x, int rows, Panel y, boolean accumulate) {
            Operands.checkForward(weight, x, rows, y);
            float[] row = new float[weight.columns()];
            for (int n = 0; n < weight.rows(); n++) {
                Dequantizer.rows(weight, n, 1, row);
                for (int r = 0; r < rows; r++) {
                    double sum = 0;
                    for (int k = 0; k < row.length; k++) {
                        sum += (double) x.values()[x.offset() + r * x.stride() + k] * row[k];
                    }
                    put(y, r, n, sum, accumulate);
                }
            }
        }

        @Override
        public void backward(QuantizedMatrix weight, Panel dy, int rows, Panel dx, boolean accumulate) {
            Operands.checkBackward(weight, dy, rows, dx);
            float[] all = Dequantizer.all(weight);
            int columns = weight.columns();
            double[] sums = new double[columns];
            for (int r = 0; r < rows; r++) {
                Arrays.fill(sums, 0);
                for (int n = 0; n < weight.rows(); n++) {
                    double gradient = dy.values()[dy.offset() + r * dy.stride() + n];
                    for (int k = 0; k < columns; k++) {
                        sums[k] += gradient * all[n * columns + k];
                    }
                }
                for (int k = 0; k < columns; k++) {
                    put(dx, r, k, sums[k], accumulate);
                }
            }
        }

        @Override
        public void multiply(Shape shape, Panel a, Panel b, Panel c) {
            Operands.checkMultiply(shape, a, b, c);
            for (int i = 0; i < shape.m(); i++) {
                for (int j = 0; j < shape.n(); j++) {
                    double sum = 0;
                    for (int p = 0; p < shape.k(); p++) {
                        sum += at(a, i, p, shape.transposeA()) * at(b, p, j, shape.transposeB());
                    }
                    put(c, i, j, shape.scale() * sum, shape.accumulate());
                }
            }
        }

        private static double at(Panel panel, int row, int column, boolean transposed) {
            return transposed
                    ? panel.values()[panel.offset() + column * panel.stride() + row]
                    : panel.values()[panel.offset() + row * panel.stride() + column];
        }

        private static void put(Panel panel, int row, int column, double value, boolean accumulate) {
            int index = panel.offset() + row * panel.stride() + column;
            panel.values()[index] = (float) (accumulate ? panel.values()[index] + value : value);
        }

        @Override
        public void close() {
            // nothing is held
        }
    }
}
