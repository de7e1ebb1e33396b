package dev.fedlora.lora.tensor;

import dev.fedlora.lora.quant.QuantizedMatrix;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Products by ND4J on an NVIDIA graphics card, in float: for who has {@code org.nd4j:nd4j-cuda-11.6} with its natives on the
 * class path in the place of {@code nd4j-native}. Arrays go to the card and back for every product, which pays for wide
 * models and long batches alone. Thread-safe.
 *
 * <p>Not covered: this was run with ND4J's back end for processors, whose results are tested, and never on a card.
 */
final class Nd4jCudaBackend implements MatrixBackend {
    /**
     * @throws LinkageError when ND4J is not there
     * @throws UnsupportedOperationException when ND4J does not run on a card
     */
    Nd4jCudaBackend() {
        NativeLimits.lift();
        Nd4j.create(DataType.FLOAT, 1).close();
        String running = Nd4j.getBackend().getClass().getSimpleName();
        if (!running.contains("Jcublas")) {
            throw new UnsupportedOperationException(
                    "ND4J runs on " + running + " and not on a graphics card; it takes one with NVIDIA's driver and"
                            + " CUDA 11.6, and org.nd4j:nd4j-cuda-11.6 on the class path instead of nd4j-native");
        }
    }

    @Override
    public String name() {
        return "nd4j-cuda";
    }

    @Override
    public MatrixProducts open() {
        return new Products();
    }

    /** Products through arrays that ND4J allocates, wherever that is. */
    static final class Products implements MatrixProducts {
        private final WeightReader weights =
                IncubatorClasses.load("VectorWeights", WeightReader.class).orElseGet(PlainWeights::new);

        @Override
        public void forward(QuantizedMatrix weight, Panel x, int rows, Panel y, boolean accumulate) {
            Operands.checkForward(weight, x, rows, y);
            try (INDArray w = read(weight);
                    INDArray in = copyIn(x, rows, weight.columns());
                    INDArray out = Nd4j.gemm(in, w, false, true)) {
                copyOut(out, y, 1, accumulate);
            }
        }

        @Override
        public void backward(QuantizedMatrix weight, Panel dy, int rows, Panel dx, boolean accumulate) {
            Operands.checkBackward(weight, dy, rows, dx);
            try (INDArray w = read(weight);
                    INDArray in = copyIn(dy, rows, weight.rows());
                    INDArray out = Nd4j.gemm(in, w, false, false)) {
                copyOut(out, dx, 1, accumulate);
            }
        }

        @Override
        public void multiply(Shape shape, Panel a, Panel b, Panel c) {
            Operands.checkMultiply(shape, a, b, c);
            int m = shape.m();
            int n = shape.n();
            int k = shape.k();
            try (INDArray left = copyIn(a, shape.transposeA() ? k : m, shape.transposeA() ? m : k);
                    INDArray right = copyIn(b, shape.transposeB() ? n : k, shape.transposeB() ? k : n);
                    INDArray out = Nd4j.gemm(left, right, shape.transposeA(), shape.transposeB())) {
                copyOut(out, c, shape.scale(), shape.accumulate());
            }
        }

        private INDArray read(QuantizedMatrix weight) {
            int k = weight.columns();
            float[] all = new float[Math.multiplyExact(weight.rows(), k)];
            for (int n = 0; n < weight.rows(); n++) {
                weights.read(new WeightReader.Run(weight, n, 0, k), all, n * k);
            }
            return Nd4j.create(all, new long[] {weight.rows(), k}, 'c');
        }

        private static INDArray copyIn(Panel x, int rows, int columns) {
            float[] all = new float[rows * columns];
            for (int r = 0; r < rows; r++) {
                System.arraycopy(x.values(), x.offset() + r * x.stride(), all, r * columns, columns);
            }
            return Nd4j.create(all, new long[] {rows, columns}, 'c');
        }

        private static void copyOut(INDArray from, Panel to, float scale, boolean add) {
            float[][] rows = from.toFloatMatrix();
            for (int r = 0; r < rows.length; r++) {
                int at = to.offset() + r * to.stride();
                for (int j = 0; j < rows[r].length; j++) {
                    float value = rows[r][j] * scale;
                    to.values()[at + j] = add ? to.values()[at + j] + value : value;
                }
            }
        }

        @Override
        public void close() {
            // every array was closed when its product was done
        }
    }
}
