package dev.fedlora.lora.quant;

import java.nio.ByteBuffer;

/**
 * Writes blocks of 32 values, laid out as {@link SmallBlocks} says:
 *
 * <pre>
 * Q4_0, Q5_0   d = m / -8 (-16) with m the value of largest magnitude, q = min(15 (31), floor(x / d + 8.5 (16.5)))
 * Q4_1, Q5_1   m = min x, d = (max x - m) / 15 (31),                   q = min(15 (31), floor((x - m) / d + 0.5))
 * Q8_0         d = max |x| / 127,                                      q = x / d rounded half away from zero
 * </pre>
 *
 * x / d is x · (1 / d) in single precision, before d is rounded to binary16, as ggml computes it.
 */
final class SmallBlockWriters {
    private static final int SIZE = 32;
    private static final int HALF = 16;

    private SmallBlockWriters() {}

    static void q8(float[] values, int from, ByteBuffer out) {
        float largest = 0;
        for (int i = from; i < from + SIZE; i++) {
            largest = Math.max(largest, Math.abs(values[i]));
        }
        float scale = largest / 127;
        float inverse = inverse(scale);
        out.putShort(Quantizer.half(scale, from));
        for (int i = from; i < from + SIZE; i++) {
            out.put((byte) roundHalfAway(values[i] * inverse));
        }
    }

    static void q4(float[] values, int from, ByteBuffer out) {
        float scale = extreme(values, from) / -8;
        float inverse = inverse(scale);
        out.putShort(Quantizer.half(scale, from));
        for (int i = from; i < from + HALF; i++) {
            int low = Math.min(15, (int) (values[i] * inverse + 8.5f));
            int high = Math.min(15, (int) (values[i + HALF] * inverse + 8.5f));
            out.put((byte) (low | high << 4));
        }
    }

    static void q5(float[] values, int from, ByteBuffer out) {
        float scale = extreme(values, from) / -16;
        float inverse = inverse(scale);
        int[] q = new int[SIZE];
        for (int i = 0; i < SIZE; i++) {
            q[i] = Math.min(31, (int) (values[from + i] * inverse + 16.5f));
        }
        putFive(q, out.putShort(Quantizer.half(scale, from)));
    }

    static void q4WithMinimum(float[] values, int from, ByteBuffer out) {
        float minimum = minimum(values, from);
        float scale = (maximum(values, from) - minimum) / 15;
        float inverse = inverse(scale);
        out.putShort(Quantizer.half(scale, from)).putShort(Quantizer.half(minimum, from));
        for (int i = from; i < from + HALF; i++) {
            int low = Math.min(15, (int) ((values[i] - minimum) * inverse + 0.5f));
            int high = Math.min(15, (int) ((values[i + HALF] - minimum) * inverse + 0.5f));
            out.put((byte) (low | high << 4));
        }
    }

    static void q5WithMinimum(float[] values, int from, ByteBuffer out) {
        float minimum = minimum(values, from);
        float scale = (maximum(values, from) - minimum) / 31;
        float inverse = inverse(scale);
        int[] q = new int[SIZE];
        for (int i = 0; i < SIZE; i++) {
            q[i] = Math.min(31, (int) ((values[from + i] - minimum) * inverse + 0.5f));
        }
        putFive(q, out.putShort(Quantizer.half(scale, from)).putShort(Quantizer.half(minimum, from)));
    }

    private static void putFive(int[] q, ByteBuffer out) {
        int fifth = 0;
        for (int i = 0; i < SIZE; i++) {
            fifth |= (q[i] >> 4) << i;
        }
        out.putInt(fifth);
        for (int i = 0; i < HALF; i++) {
            out.put((byte) (q[i] & 15 | (q[i + HALF] & 15) << 4));
        }
    }

    /** The value of largest magnitude with its sign, so that it lands on the lowest q exactly. */
    private static float extreme(float[] values, int from) {
        float extreme = 0;
        for (int i = from; i < from + SIZE; i++) {
            if (Math.abs(values[i]) > Math.abs(extreme)) {
                extreme = values[i];
            }
        }
        return extreme;
    }

    // by comparison, not Math.min: of -0 and 0 ggml keeps the first, and the sign is stored
    private static float minimum(float[] values, int from) {
        float minimum = values[from];
        for (int i = from + 1; i < from + SIZE; i++) {
            minimum = values[i] < minimum ? values[i] : minimum;
        }
        return minimum;
    }

    private static float maximum(float[] values, int from) {
        float maximum = values[from];
        for (int i = from + 1; i < from + SIZE; i++) {
            maximum = values[i] > maximum ? values[i] : maximum;
        }
        return maximum;
    }

    private static float inverse(float scale) {
        return scale == 0 ? 0 : 1 / scale;
    }

    // C's roundf; the sum is exact in double
    private static int roundHalfAway(float value) {
        int magnitude = (int) (Math.abs((double) value) + 0.5);
        return value < 0 ? -magnitude : magnitude;
    }
}
