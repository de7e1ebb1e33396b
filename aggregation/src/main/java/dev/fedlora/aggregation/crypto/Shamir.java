package dev.fedlora.aggregation.crypto;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Shamir's secret sharing (How to share a secret, CACM 22(11), 1979) of 32 bytes over the field of 2^61 - 1 elements, in
 * five limbs of 52 bits, little-endian. Fewer than t shares say nothing about the secret. Stateless.
 *
 * <p>A share proves nothing about itself: whoever restores a secret checks it against a public key or commitment.
 */
public final class Shamir {
    /** Bytes of a secret that can be shared. */
    public static final int SECRET_BYTES = 32;

    static final int LIMB_BITS = 52;

    private Shamir() {}

    /**
     * Makes one share for each x.
     *
     * @param xs distinct, from 1
     * @param threshold t, how many shares restore the secret, from 1 to the number of shares
     * @throws IllegalArgumentException when the secret has not 32 bytes, or an x or t is out of its range
     */
    public static List<Share> split(Secret secret, int[] xs, int threshold, SecureRandom random) {
        requirePoints(xs);
        if (secret.size() != SECRET_BYTES || threshold < 1 || threshold > xs.length) {
            throw new IllegalArgumentException(
                    "a secret of 32 bytes and a threshold from 1 to %d are needed, got %d, %d"
                            .formatted(xs.length, secret.size(), threshold));
        }
        long[] limbs = toLimbs(secret.expose());
        long[][] values = new long[xs.length][Share.LIMBS];
        long[] coefficients = new long[threshold];
        for (int limb = 0; limb < Share.LIMBS; limb++) {
            fillRandom(coefficients, random);
            coefficients[0] = limbs[limb];
            for (int i = 0; i < xs.length; i++) {
                values[i][limb] = evaluate(coefficients, xs[i]);
            }
        }
        Arrays.fill(coefficients, 0);
        Arrays.fill(limbs, 0);
        List<Share> shares = new ArrayList<>(xs.length);
        for (int i = 0; i < xs.length; i++) {
            shares.add(new Share(xs[i], values[i]));
        }
        return shares;
    }

    static void requirePoints(int[] xs) {
        Set<Integer> seen = new TreeSet<>();
        for (int x : xs) {
            if (x < 1 || !seen.add(x)) {
                throw new IllegalArgumentException(
                        "x of shares must be distinct and at least 1, got " + Arrays.toString(xs));
            }
        }
    }

    static long evaluate(long[] coefficients, long x) {
        long y = 0;
        for (int i = coefficients.length - 1; i >= 0; i--) {
            y = Field.add(Field.multiply(y, x), coefficients[i]);
        }
        return y;
    }

    /** Uniform in [0, p): 61 random bits, drawn again in the one case of 2^61 that is p. */
    private static void fillRandom(long[] elements, SecureRandom random) {
        byte[] bytes = new byte[8 * elements.length];
        random.nextBytes(bytes);
        ByteBuffer.wrap(bytes).asLongBuffer().get(elements);
        for (int i = 0; i < elements.length; i++) {
            elements[i] &= Field.P;
            while (elements[i] == Field.P) {
                elements[i] = random.nextLong() & Field.P;
            }
        }
        Arrays.fill(bytes, (byte) 0);
    }

    static long[] toLimbs(byte[] secret) {
        long[] limbs = new long[Share.LIMBS];
        for (int bit = 0; bit < 8 * SECRET_BYTES; bit++) {
            limbs[bit / LIMB_BITS] |= (long) (secret[bit >> 3] >> (bit & 7) & 1) << bit % LIMB_BITS;
        }
        return limbs;
    }

    static byte[] ofLimbs(long[] limbs) {
        byte[] secret = new byte[SECRET_BYTES];
        for (int bit = 0; bit < 8 * SECRET_BYTES; bit++) {
            secret[bit >> 3] |= (byte) ((limbs[bit / LIMB_BITS] >> bit % LIMB_BITS & 1) << (bit & 7));
        }
        return secret;
    }
}
