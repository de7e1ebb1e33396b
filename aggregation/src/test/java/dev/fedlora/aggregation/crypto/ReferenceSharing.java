package dev.fedlora.aggregation.crypto;

import java.math.BigInteger;
import java.util.List;

/** Shamir's sharing as a textbook has it, over any prime; and the field of 256 elements. */
final class ReferenceSharing {
    private ReferenceSharing() {}

    static BigInteger atZero(int[] xs, List<BigInteger> ys, BigInteger p) {
        BigInteger sum = BigInteger.ZERO;
        for (int i = 0; i < xs.length; i++) {
            BigInteger term = ys.get(i);
            for (int j = 0; j < xs.length; j++) {
                if (j != i) {
                    BigInteger difference = BigInteger.valueOf((long) xs[j] - xs[i]);
                    term = term.multiply(BigInteger.valueOf(xs[j])).multiply(difference.modInverse(p));
                }
            }
            sum = sum.add(term);
        }
        return sum.mod(p);
    }

    /** Multiplies polynomials over bits modulo 0x11b. */
    static int multiplyBytes(int a, int b) {
        int product = 0;
        for (int bit = 7; bit >= 0; bit--) {
            product = (product << 1) ^ ((product & 0x80) != 0 ? 0x11b : 0);
            product ^= (b >> bit & 1) == 1 ? a : 0;
        }
        return product & 0xff;
    }
}
