package dev.fedlora.lora.quant;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Turns stored rows into numbers, to the bit as ggml's reference code does. Plain Java: this is the specification that
 * the vector kernels are tested against.
 *
 * <p>Every operation is single precision, rounded after each step. A block whose scale is infinite or not a number gives
 * such values and no error, as in ggml: opening and reading a file stays cheap. {@link Quantizer} refuses them; a loss over
 * them is not finite, which ends evaluation, generation and plain training with an error and makes every gradient of private
 * training count as zero.
 *
 * <p>Sources: ggml, {@code ggml-quants.c} (dequantize_row_*). Thread-safe.
 */
public final class Dequantizer {
    private Dequantizer() {}

    /** Returns the whole matrix, rows × columns, row-major. */
    public static float[] all(QuantizedMatrix matrix) {
        float[] values = new float[Math.multiplyExact(matrix.rows(), matrix.columns())];
        rows(matrix, 0, matrix.rows(), values);
        return values;
    }

    /**
     * Writes rows [{@code firstRow}, {@code firstRow + count}) to the start of {@code out}, row-major.
     *
     * @throws IllegalArgumentException when the rows are not there, {@code out} is too short or the type cannot be read
     */
    public static void rows(QuantizedMatrix matrix, int firstRow, int count, float[] out) {
        if (firstRow < 0 || count < 0 || count > matrix.rows() - firstRow) {
            throw new IllegalArgumentException("%s has %d rows, got a request for %d from row %d"
                    .formatted(matrix.name(), matrix.rows(), count, firstRow));
        }
        int values = Math.multiplyExact(count, matrix.columns());
        if (out.length < values) {
            throw new IllegalArgumentException("%d rows of %s take %d values, got an array of %d"
                    .formatted(count, matrix.name(), values, out.length));
        }
        read(matrix, Math.multiplyExact(firstRow, matrix.rowBytes()), values, out, 0);
    }

    /**
     * Writes {@code count} values of row {@code row} from column {@code column} on to {@code out} from {@code at} on; both
     * ends lie between blocks.
     *
     * @throws IllegalArgumentException when the values are not there, are not whole blocks, or the type cannot be read
     */
    public static void run(QuantizedMatrix matrix, int row, int column, int count, float[] out, int at) {
        int size = matrix.type().blockSize();
        if (row < 0 || row >= matrix.rows() || column < 0 || count < 0 || count > matrix.columns() - column) {
            throw new IllegalArgumentException("%s is %d x %d, got a request for %d values from row %d, column %d"
                    .formatted(matrix.name(), matrix.rows(), matrix.columns(), count, row, column));
        }
        if (column % size != 0 || count % size != 0) {
            throw new IllegalArgumentException("%s stores blocks of %d values, got a request for %d from column %d"
                    .formatted(matrix.name(), size, count, column));
        }
        int from =
                Math.toIntExact((long) row * matrix.rowBytes() + matrix.type().bytes(column));
        read(matrix, from, count, out, at);
    }

    private static void read(QuantizedMatrix matrix, int from, int count, float[] out, int at) {
        ByteBuffer in =
                matrix.blocks().duplicate().order(ByteOrder.LITTLE_ENDIAN).position(from);
        switch (matrix.type()) {
            case F32 -> in.asFloatBuffer().get(out, at, count);
            case F16 -> f16(in, count, out, at);
            case BF16 -> bf16(in, count, out, at);
            default -> blocks(matrix, from, count, out, at);
        }
    }

    private static void f16(ByteBuffer in, int count, float[] out, int at) {
        for (int i = 0; i < count; i++) {
            out[at + i] = Half.toFloat(in.getShort());
        }
    }

    private static void bf16(ByteBuffer in, int count, float[] out, int at) {
        for (int i = 0; i < count; i++) {
            out[at + i] = Float.intBitsToFloat(in.getShort() << 16); // the upper half of a binary32
        }
    }

    private static void blocks(QuantizedMatrix matrix, int from, int count, float[] out, int at) {
        QuantizationType type = matrix.type();
        BlockReader reader = reader(matrix);
        ByteBuffer in = matrix.blocks();
        int block = from;
        for (int done = 0; done < count; done += type.blockSize()) {
            reader.read(in, block, out, at + done);
            block += type.blockBytes();
        }
    }

    private static BlockReader reader(QuantizedMatrix matrix) {
        return switch (matrix.type()) {
            case Q4_0 -> SmallBlocks::q4;
            case Q4_1 -> SmallBlocks::q4WithMinimum;
            case Q5_0 -> SmallBlocks::q5;
            case Q5_1 -> SmallBlocks::q5WithMinimum;
            case Q8_0 -> SmallBlocks::q8;
            case Q2_K -> SuperBlocks::q2;
            case Q3_K -> SuperBlocks::q3;
            case Q4_K -> SuperBlocks::q4;
            case Q5_K -> SuperBlocks::q5;
            case Q6_K -> SuperBlocks::q6;
            case TQ1_0 -> TernaryBlocks::tq1;
            case TQ2_0 -> TernaryBlocks::tq2;
            case F32, F16, BF16, Q8_K ->
                throw new IllegalArgumentException(
                        matrix.name() + ": type " + matrix.type() + " cannot be dequantized by this version");
        };
    }
}
