package dev.fedlora.lora.quant;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Turns stored rows into numbers, to the bit as ggml's reference code does. Plain Java: this is the specification that
 * the vector kernels are tested against.
 *
 * <p>Every operation is single precision, rounded after each step. A block whose scale is infinite or not a number gives
 * such values and no error, as in ggml: opening and reading a file stays cheap. {@link Quantizer} refuses them, and
 * training over them ends in the error for a loss that is not finite.
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
        int from = Math.multiplyExact(firstRow, matrix.rowBytes());
        ByteBuffer blocks = matrix.blocks().duplicate().order(ByteOrder.LITTLE_ENDIAN);
        blocks.position(from);
        switch (matrix.type()) {
            case F32 -> blocks.asFloatBuffer().get(out, 0, values);
            case F16 -> f16(blocks, values, out);
            case BF16 -> bf16(blocks, values, out);
            default -> blocks(matrix, from, values, out);
        }
    }

    private static void f16(ByteBuffer in, int values, float[] out) {
        for (int i = 0; i < values; i++) {
            out[i] = Half.toFloat(in.getShort());
        }
    }

    private static void bf16(ByteBuffer in, int values, float[] out) {
        for (int i = 0; i < values; i++) {
            out[i] = Float.intBitsToFloat(in.getShort() << 16); // the upper half of a binary32
        }
    }

    private static void blocks(QuantizedMatrix matrix, int from, int values, float[] out) {
        QuantizationType type = matrix.type();
        BlockReader reader = reader(matrix);
        ByteBuffer in = matrix.blocks();
        int block = from;
        for (int at = 0; at < values; at += type.blockSize()) {
            reader.read(in, block, out, at);
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
