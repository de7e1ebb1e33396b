package dev.fedlora.lora.quant;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Turns stored rows into numbers, to the bit as ggml's reference code does. Plain Java: this is the specification that
 * the vector kernels are tested against.
 *
 * <p>Block layouts, all little-endian, with d a binary16 scale:
 *
 * <pre>
 * Q8_0   d, 32 signed bytes q              value = d q
 * Q4_0   d, 16 bytes: low nibble of byte i is q_i, high nibble q_(i+16)   value = (q - 8) d
 * </pre>
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
            case Q8_0 -> q8(blocks, values, out);
            case Q4_0 -> q4(blocks, values, out);
            default ->
                throw new IllegalArgumentException(
                        matrix.name() + ": type " + matrix.type() + " cannot be dequantized by this version");
        }
    }

    private static void f16(ByteBuffer blocks, int values, float[] out) {
        for (int i = 0; i < values; i++) {
            out[i] = Half.toFloat(blocks.getShort());
        }
    }

    private static void q8(ByteBuffer blocks, int values, float[] out) {
        for (int start = 0; start < values; start += 32) {
            float scale = Half.toFloat(blocks.getShort());
            for (int i = start; i < start + 32; i++) {
                out[i] = blocks.get() * scale;
            }
        }
    }

    private static void q4(ByteBuffer blocks, int values, float[] out) {
        for (int start = 0; start < values; start += 32) {
            float scale = Half.toFloat(blocks.getShort());
            for (int i = start; i < start + 16; i++) {
                int pair = blocks.get();
                out[i] = ((pair & 15) - 8) * scale;
                out[i + 16] = ((pair >> 4 & 15) - 8) * scale;
            }
        }
    }
}
