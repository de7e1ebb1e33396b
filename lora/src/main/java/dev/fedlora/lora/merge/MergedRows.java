package dev.fedlora.lora.merge;

import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.gguf.GgufWriter;
import dev.fedlora.lora.quant.Dequantizer;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.quant.Quantizer;
import dev.fedlora.lora.quant.UnstorableValueException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/** The rows of W + c B A, some at a time. */
final class MergedRows implements GgufWriter.TensorParts {
    private static final int PART_VALUES = 1 << 20; // 4 MiB of numbers: the cost of a call vanishes, memory stays small

    private final List<QuantizedMatrix> weights;
    private final LoraFactors factors;
    private final double factor;
    private final QuantizationType type;

    /**
     * @param weights the matrix, in parts of some of its rows
     * @param factor c
     */
    MergedRows(List<QuantizedMatrix> weights, LoraFactors factors, double factor, QuantizationType type) {
        this.weights = weights;
        this.factors = factors;
        this.factor = factor;
        this.type = type;
    }

    @Override
    public void writeTo(GgufWriter.Target out) throws IOException {
        int before = 0;
        for (QuantizedMatrix weight : weights) {
            write(weight, before, out);
            before += weight.rows();
        }
    }

    /** Writes one part, which has {@code before} rows of the matrix before it. */
    private void write(QuantizedMatrix weight, int before, GgufWriter.Target out) throws IOException {
        int columns = weight.columns();
        int rowsEach = Math.max(1, PART_VALUES / columns);
        double[] sum = new double[columns];
        for (int first = 0; first < weight.rows(); first += rowsEach) {
            int rows = Math.min(rowsEach, weight.rows() - first);
            float[] values = new float[rows * columns];
            Dequantizer.rows(weight, first, rows, values);
            for (int row = 0; row < rows; row++) {
                product(before + first + row, sum);
                for (int k = 0; k < columns; k++) {
                    values[row * columns + k] = (float) (values[row * columns + k] + sum[k]);
                }
            }
            try {
                out.write(ByteBuffer.wrap(Quantizer.quantize(type, values)));
            } catch (UnstorableValueException refused) {
                throw new IllegalArgumentException(
                        "%s, from row %d on: %s".formatted(factors.tensor(), before + first, refused.getMessage()),
                        refused);
            }
        }
    }

    /** sum = c (row of B) A. */
    private void product(int row, double[] sum) {
        int columns = factors.inputs();
        Arrays.fill(sum, 0);
        for (int j = 0; j < factors.rank(); j++) {
            double b = factor * factors.b()[row * factors.rank() + j];
            float[] a = factors.a();
            for (int k = 0; k < columns; k++) {
                sum[k] += b * a[j * columns + k];
            }
        }
    }
}
