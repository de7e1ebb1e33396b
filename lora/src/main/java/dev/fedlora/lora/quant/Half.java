package dev.fedlora.lora.quant;

/**
 * IEEE 754 binary16, the type of a block's scale and of F16 tensors: 1 sign bit, 5 exponent bits (bias 15), 10 mantissa
 * bits.
 *
 * <p>Plain Java because {@code Float.float16ToFloat} exists only since Java 20. Thread-safe.
 */
public final class Half {
    /** The largest finite value. */
    public static final float MAX_VALUE = 65504;

    // 2^112 carries binary16's exponent bias 15 to binary32's 127
    private static final float REBIAS = 0x1p112f;

    private Half() {}

    /** Returns the value of {@code bits}; exact, since every binary16 value is a binary32 value. */
    public static float toFloat(short bits) {
        int sign = (bits & 0x8000) << 16;
        int magnitude = bits & 0x7fff;
        if (magnitude >= 0x7c00) { // infinity or NaN: the payload moves to the top of the wider mantissa
            return Float.intBitsToFloat(sign | 0x7f800000 | (magnitude & 0x3ff) << 13);
        }
        // magnitude << 13 read as binary32 is the value times 2^-112, subnormal halves included
        return Float.intBitsToFloat(sign | Float.floatToRawIntBits(Float.intBitsToFloat(magnitude << 13) * REBIAS));
    }

    /** Returns the nearest binary16 value, ties to even; beyond {@link #MAX_VALUE} by half a step, infinity. */
    public static short fromFloat(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = bits >>> 16 & 0x8000;
        int magnitude = bits & 0x7fffffff;
        if (magnitude > 0x7f800000) {
            return (short) (sign | 0x7e00); // one quiet NaN, as ggml writes it
        }
        if (magnitude >= 0x477ff000) { // 65520, half way between 65504 and the next step, rounds up
            return (short) (sign | 0x7c00);
        }
        if (magnitude < 0x38800000) { // below 2^-14: adding 0.5 leaves the count of 2^-24 steps in the low bits
            int steps = Float.floatToRawIntBits(Float.intBitsToFloat(magnitude) + 0.5f) - Float.floatToRawIntBits(0.5f);
            return (short) (sign | steps);
        }
        int rounded = magnitude + 0xfff + (magnitude >>> 13 & 1); // nearest, ties to even, on the 13 bits cut off
        return (short) (sign | rounded - (112 << 23) >>> 13);
    }
}
