package dev.fedlora.lora.tensor;

import dev.fedlora.lora.quant.QuantizedMatrix;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.indexer.FloatIndexer;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Products by ND4J in float: the portable back end, and the way to ND4J's CUDA back end. Loading ND4J takes seconds and
 * some 200 MB, so nothing else touches it. Thread-safe.
 */
final class Nd4jBackend implements MatrixBackend {
    /** @throws LinkageError when ND4J or its native library is not there or does not load */
    Nd4jBackend() {
        NativeLimits.lift();
        Nd4j.create(DataType.FLOAT, 1).close();
    }

    @Override
    public String name() {
        return "nd4j";
    }

    @Override
    public MatrixProducts open() {
        return new Products();
    }

    /**
     * A row-major matrix read column by column is its transpose, and ND4J multiplies best in column order: so all
     * products here are the transposed ones, and nothing is rearranged.
     */
    private static final class Products implements MatrixProducts {
        private final WeightReader weights =
                IncubatorClasses.load("VectorWeights", WeightReader.class).orElseGet(PlainWeights::new);
        private final Operand left = new Operand();
        private final Operand right = new Operand();
        private final Operand result = new Operand();
        private float[] row = new float[0];

        @Override
        public void forward(QuantizedMatrix weight, Panel x, int rows, Panel y, boolean accumulate) {
            Operands.checkForward(weight, x, rows, y);
            INDArray w = read(weight); // K x N in column order
            INDArray in = right.transposed(x, rows, weight.columns()); // K x R
            INDArray out = result.of(weight.rows(), rows); // N x R
            Nd4j.gemm(w, in, out, true, false, 1, 0);
            result.memory.copyOut(y, rows, weight.rows(), accumulate);
        }

        @Override
        public void backward(QuantizedMatrix weight, Panel dy, int rows, Panel dx, boolean accumulate) {
            Operands.checkBackward(weight, dy, rows, dx);
            INDArray w = read(weight);
            INDArray in = right.transposed(dy, rows, weight.rows()); // N x R
            INDArray out = result.of(weight.columns(), rows); // K x R
            Nd4j.gemm(w, in, out, false, false, 1, 0);
            result.memory.copyOut(dx, rows, weight.columns(), accumulate);
        }

        @Override
        public void multiply(Shape shape, Panel a, Panel b, Panel c) {
            Operands.checkMultiply(shape, a, b, c);
            int m = shape.m();
            int n = shape.n();
            int k = shape.k();
            INDArray first = left.transposed(b, shape.transposeB() ? n : k, shape.transposeB() ? k : n);
            INDArray second = right.transposed(a, shape.transposeA() ? k : m, shape.transposeA() ? m : k);
            INDArray out = result.of(n, m);
            Nd4j.gemm(first, second, out, shape.transposeB(), shape.transposeA(), shape.scale(), 0);
            result.memory.copyOut(c, m, n, shape.accumulate());
        }

        private INDArray read(QuantizedMatrix weight) {
            int k = weight.columns();
            INDArray all = left.of(k, weight.rows());
            if (row.length < k) {
                row = new float[k];
            }
            for (int n = 0; n < weight.rows(); n++) {
                weights.read(new WeightReader.Run(weight, n, 0, k), row, 0);
                left.memory.floats().put(n * k, row, 0, k);
            }
            return all;
        }

        @Override
        public void close() {
            left.memory.close();
            right.memory.close();
            result.memory.close();
        }
    }

    /** Native memory seen by ND4J as a matrix in column order. */
    private static final class Operand {
        // a batch has some 20 lengths and a model some 10 shapes; past this the arrays are made anew
        private static final int MAX_ARRAYS = 256;

        private final NativeScratch memory = new NativeScratch();
        private final Map<List<Integer>, INDArray> arrays = new HashMap<>();
        private long address;

        INDArray of(int rows, int columns) {
            memory.room((long) rows * columns, Float.BYTES);
            if (memory.address() != address || arrays.size() > MAX_ARRAYS) {
                arrays.clear();
                address = memory.address();
            }
            return arrays.computeIfAbsent(List.of(rows, columns), shape -> wrap(rows, columns));
        }

        private INDArray wrap(int rows, int columns) {
            long length = (long) rows * columns;
            FloatPointer values = new FloatPointer(new NativeAddress(address)).capacity(length);
            DataBuffer buffer = Nd4j.createBuffer(values, DataType.FLOAT, length, FloatIndexer.create(values));
            long[] shape = {rows, columns};
            return Nd4j.create(buffer, shape, new long[] {1, rows}, 0, 'f', DataType.FLOAT);
        }

        INDArray transposed(Panel panel, int rows, int columns) {
            INDArray array = of(columns, rows);
            memory.copyIn(panel, rows, columns);
            return array;
        }
    }
}
