package dev.fedlora.lora.tensor;

/** The upper half of a binary32 number: its sign, all 8 exponent bits and 7 bits of mantissa. */
final class Bfloat16 {
    private Bfloat16() {}

    /** Returns the nearest bfloat16, ties to even. A NaN stays one: the upper half of its bits, made quiet. */
    static short fromFloat(float value) {
        int bits = Float.floatToRawIntBits(value);
        return Float.isNaN(value) ? (short) (bits >>> 16 | 0x40) : (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    static float toFloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }
}
