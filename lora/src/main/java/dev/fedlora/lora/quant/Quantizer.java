package dev.fedlora.lora.quant;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.Stream;

/**
 * Turns numbers into stored blocks, to the byte as ggml's reference code does without an importance matrix. Every type
 * that {@link Dequantizer} reads can be written but Q2_K, Q3_K, TQ1_0 and TQ2_0.
 *
 * <p>Only finite values are stored; F16 and BF16 are rounded to the nearest, ties to even.
 *
 * <p>Sources: ggml, {@code ggml-quants.c} (quantize_row_*_ref). Thread-safe.
 */
public final class Quantizer {
    private static final List<QuantizationType> WRITABLE =
            Stream.of(QuantizationType.values()).filter(Quantizer::writes).toList();

    private Quantizer() {}

    /** Says whether this version can write {@code type}. */
    public static boolean writes(QuantizationType type) {
        return switch (type) {
            case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K -> true;
            case Q2_K, Q3_K, Q8_K, TQ1_0, TQ2_0 -> false;
        };
    }

    /** Returns all types that this version can write. */
    public static List<QuantizationType> writable() {
        return WRITABLE;
    }

    /** Returns {@code values}, rows × columns and row-major, as a stored matrix. */
    public static QuantizedMatrix matrix(String name, QuantizationType type, int rows, int columns, float[] values) {
        if ((long) rows * columns != values.length || rows < 1 || columns % type.blockSize() != 0) {
            throw new IllegalArgumentException("%s: %d values cannot be stored as %d x %d in %s, blocks hold %d values"
                    .formatted(name, values.length, rows, columns, type, type.blockSize()));
        }
        try {
            return new QuantizedMatrix(name, type, rows, columns, ByteBuffer.wrap(quantize(type, values)));
        } catch (UnstorableValueException failure) {
            throw new IllegalArgumentException(name + ": " + failure.getMessage(), failure);
        }
    }

    /**
     * Returns the blocks of {@code values}.
     *
     * @throws IllegalArgumentException when the values are not whole blocks or the type cannot be written
     * @throws UnstorableValueException when a value is not finite or too large for the type
     */
    public static byte[] quantize(QuantizationType type, float[] values) {
        if (values.length % type.blockSize() != 0) {
            throw new IllegalArgumentException(
                    "%s stores blocks of %d values, got %d values".formatted(type, type.blockSize(), values.length));
        }
        BlockWriter writer = writer(type);
        byte[] bytes = new byte[Math.toIntExact(type.bytes(values.length))];
        ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int start = 0; start < values.length; start += type.blockSize()) {
            requireFinite(values, start, type.blockSize());
            writer.write(values, start, out);
        }
        return bytes;
    }

    private static BlockWriter writer(QuantizationType type) {
        return switch (type) {
            case F32 -> (values, from, out) -> out.putFloat(values[from]);
            case F16 -> (values, from, out) -> out.putShort(half(values[from], from));
            case BF16 -> (values, from, out) -> out.putShort(upperHalf(values[from], from));
            case Q4_0 -> SmallBlockWriters::q4;
            case Q4_1 -> SmallBlockWriters::q4WithMinimum;
            case Q5_0 -> SmallBlockWriters::q5;
            case Q5_1 -> SmallBlockWriters::q5WithMinimum;
            case Q8_0 -> SmallBlockWriters::q8;
            case Q4_K -> new SuperBlockWriter()::q4;
            case Q5_K -> new SuperBlockWriter()::q5;
            case Q6_K -> new SuperBlockWriter()::q6;
            case Q2_K, Q3_K, Q8_K, TQ1_0, TQ2_0 ->
                throw new IllegalArgumentException(
                        "type %s cannot be written, this version writes %s".formatted(type, WRITABLE));
        };
    }

    /** Returns {@code value}, which value {@code index} needs, as binary16. */
    static short half(float value, int index) {
        short bits = Half.fromFloat(value);
        if ((bits & 0x7c00) == 0x7c00) {
            throw new UnstorableValueException(index, "needs %s, F16 ends at %s".formatted(value, Half.MAX_VALUE));
        }
        return bits;
    }

    private static short upperHalf(float value, int index) {
        int bits = Float.floatToRawIntBits(value);
        short rounded = (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
        if ((rounded & 0x7f80) == 0x7f80) {
            throw new UnstorableValueException(index, "is %s, BF16 ends at %s".formatted(value, 0x1.fep127f));
        }
        return rounded;
    }

    private static void requireFinite(float[] values, int start, int count) {
        for (int i = start; i < start + count; i++) {
            if (!Float.isFinite(values[i])) {
                throw new UnstorableValueException(i, "is " + values[i] + ", only finite values can be stored");
            }
        }
    }
}
