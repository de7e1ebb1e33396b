package dev.fedlora.lora.quant;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Turns numbers into stored blocks, to the byte as ggml's reference code does.
 *
 * <pre>
 * Q8_0   d = max|x| / 127,  q = x / d rounded half away from zero
 * Q4_0   d = m / -8 with m the value of largest magnitude,  q = min(15, floor(x / d + 8.5))
 * </pre>
 *
 * x / d is x · (1 / d) in single precision, before d is rounded to binary16, as ggml computes it.
 *
 * <p>Sources: ggml, {@code ggml-quants.c} (quantize_row_*_ref). Thread-safe.
 */
public final class Quantizer {
    private Quantizer() {}

    /** Says whether this version can write {@code type}. */
    public static boolean writes(QuantizationType type) {
        return switch (type) {
            case F32, F16, Q8_0, Q4_0 -> true;
            default -> false;
        };
    }

    /** Returns {@code values}, rows × columns and row-major, as a stored matrix. */
    public static QuantizedMatrix matrix(String name, QuantizationType type, int rows, int columns, float[] values) {
        if ((long) rows * columns != values.length || rows < 1 || columns % type.blockSize() != 0) {
            throw new IllegalArgumentException("%s: %d values cannot be stored as %d x %d in %s, blocks hold %d values"
                    .formatted(name, values.length, rows, columns, type, type.blockSize()));
        }
        try {
            return new QuantizedMatrix(name, type, rows, columns, ByteBuffer.wrap(quantize(type, values)));
        } catch (ArithmeticException failure) {
            throw new IllegalArgumentException(name + ": " + failure.getMessage(), failure);
        }
    }

    /**
     * Returns the blocks of {@code values}.
     *
     * @throws IllegalArgumentException when the values are not whole blocks or the type cannot be written
     * @throws ArithmeticException when a value is not finite or too large for the type
     */
    public static byte[] quantize(QuantizationType type, float[] values) {
        if (values.length % type.blockSize() != 0) {
            throw new IllegalArgumentException(
                    "%s stores blocks of %d values, got %d values".formatted(type, type.blockSize(), values.length));
        }
        byte[] bytes = new byte[Math.toIntExact(type.bytes(values.length))];
        ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int start = 0; start < values.length; start += type.blockSize()) {
            requireFinite(values, start, type.blockSize());
            switch (type) {
                case F32 -> out.putFloat(values[start]);
                case F16 -> out.putShort(half(values[start], start));
                case Q8_0 -> q8(values, start, out);
                case Q4_0 -> q4(values, start, out);
                default -> throw new IllegalArgumentException("type " + type + " cannot be written by this version");
            }
        }
        return bytes;
    }

    private static void q8(float[] values, int start, ByteBuffer out) {
        float largest = 0;
        for (int i = start; i < start + 32; i++) {
            largest = Math.max(largest, Math.abs(values[i]));
        }
        float scale = largest / 127;
        float inverse = scale == 0 ? 0 : 1 / scale;
        out.putShort(half(scale, start));
        for (int i = start; i < start + 32; i++) {
            out.put((byte) roundHalfAway(values[i] * inverse));
        }
    }

    private static void q4(float[] values, int start, ByteBuffer out) {
        float largest = 0;
        for (int i = start; i < start + 32; i++) {
            if (Math.abs(values[i]) > Math.abs(largest)) {
                largest = values[i]; // with its sign, so that it lands on -8 exactly
            }
        }
        float scale = largest / -8;
        float inverse = scale == 0 ? 0 : 1 / scale;
        out.putShort(half(scale, start));
        for (int i = start; i < start + 16; i++) {
            int low = Math.min(15, (int) (values[i] * inverse + 8.5f));
            int high = Math.min(15, (int) (values[i + 16] * inverse + 8.5f));
            out.put((byte) (low | high << 4));
        }
    }

    // C's roundf; the sum is exact in double
    private static int roundHalfAway(float value) {
        int magnitude = (int) (Math.abs((double) value) + 0.5);
        return value < 0 ? -magnitude : magnitude;
    }

    private static short half(float value, int index) {
        short bits = Half.fromFloat(value);
        if ((bits & 0x7c00) == 0x7c00) {
            throw new ArithmeticException("value %d needs %s, F16 ends at %s".formatted(index, value, Half.MAX_VALUE));
        }
        return bits;
    }

    private static void requireFinite(float[] values, int start, int count) {
        for (int i = start; i < start + count; i++) {
            if (!Float.isFinite(values[i])) {
                throw new ArithmeticException(
                        "value %d is %s, only finite values can be stored".formatted(i, values[i]));
            }
        }
    }
}
