package dev.fedlora.aggregation.crypto;

/** Arithmetic modulo the prime p = 2^61 - 1, without branches on values. Elements are in [0, p). */
final class Field {
    static final long P = (1L << 61) - 1;

    private Field() {}

    static long add(long a, long b) {
        return reduceOnce(a + b);
    }

    static long subtract(long a, long b) {
        return reduceOnce(a - b + P);
    }

    static long multiply(long a, long b) {
        long high = Math.multiplyHigh(a, b);
        long low = a * b;
        // a b = high 2^64 + low, and 2^61 = 1: the low 61 bits plus the rest
        return reduceOnce((low & P) + (low >>> 61 | high << 3));
    }

    /** From [0, 2 p) to [0, p). */
    private static long reduceOnce(long a) {
        long less = a - P;
        return less + (P & less >> 63);
    }

    /** Returns 1 / a for a that is not 0: a^(p - 2). */
    static long invert(long a) {
        long result = 1;
        long power = a;
        for (long exponent = P - 2; exponent > 0; exponent >>= 1) {
            if ((exponent & 1) == 1) {
                result = multiply(result, power);
            }
            power = multiply(power, power);
        }
        return result;
    }
}
