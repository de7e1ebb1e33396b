package dev.fedlora.lora.huggingface;

import dev.fedlora.lora.gguf.GgufWriter;
import dev.fedlora.lora.gguf.RotaryRows;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.Quantizer;
import dev.fedlora.lora.quant.UnstorableValueException;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Turns a stored tensor into GGUF blocks, some rows at a time. */
final class RowStream implements GgufWriter.TensorParts {
    private static final int PART_VALUES = 1 << 20; // 4 MiB of numbers: the cost of a call vanishes, memory stays small
    private static final double LEAST_SCALE = 1e-5; // of ternary weights, as their training has it

    private final WeightFiles weights;
    private final SourceTensor tensor;
    private final QuantizationType type;

    RowStream(WeightFiles weights, SourceTensor tensor, QuantizationType type) {
        this.weights = weights;
        this.tensor = tensor;
        this.type = type;
    }

    @Override
    public void writeTo(GgufWriter.Target out) throws IOException {
        int rowsEach = Math.max(1, PART_VALUES / tensor.columns());
        float scale = tensor.isTernary() ? ternaryScale() : 0;
        for (int first = 0; first < tensor.rows(); first += rowsEach) {
            int rows = Math.min(rowsEach, tensor.rows() - first);
            float[] values = read(first, rows);
            if (tensor.isTernary()) {
                roundToTernary(values, scale);
            }
            try {
                out.write(ByteBuffer.wrap(Quantizer.quantize(type, values)));
            } catch (UnstorableValueException refused) {
                throw weights.malformed(
                        "tensor %s, from row %d on: %s".formatted(tensor.name(), first, refused.getMessage()));
            }
        }
    }

    /** Returns rows in the order of GGUF; a vector whose order changes is read as rows of one value. */
    private float[] read(int first, int rows) {
        int columns = tensor.columns();
        float[] values = new float[rows * columns];
        if (tensor.headWidth() == 0) {
            weights.read(tensor.name(), (long) first * columns, values, values.length);
        } else if (tensor.isVector()) {
            weights.read(tensor.name(), 0, values, values.length);
            return RotaryRows.interleaved(values, 1, tensor.headWidth());
        } else {
            float[] row = new float[columns];
            for (int i = 0; i < rows; i++) {
                long source = RotaryRows.halfSplitRow(first + i, tensor.headWidth());
                weights.read(tensor.name(), source * columns, row, columns);
                System.arraycopy(row, 0, values, i * columns, columns);
            }
        }
        return values;
    }

    /** Returns the mean magnitude of the whole tensor. */
    private float ternaryScale() {
        double sum = 0;
        int rowsEach = Math.max(1, PART_VALUES / tensor.columns());
        for (int first = 0; first < tensor.rows(); first += rowsEach) {
            for (float value : read(first, Math.min(rowsEach, tensor.rows() - first))) {
                sum += Math.abs(value);
            }
        }
        return (float) Math.max(sum / ((double) tensor.rows() * tensor.columns()), LEAST_SCALE);
    }

    private static void roundToTernary(float[] values, float scale) {
        float inverse = 1 / scale;
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.max(-1, Math.min(1, Math.rint(values[i] * inverse))) / inverse;
        }
    }
}
