package dev.fedlora.aggregation.crypto;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Lagrange interpolation through the shares of a fixed set of x: the weights are worked out once and used for every secret
 * that the same clients hold shares of. Immutable.
 *
 * <pre>
 * f(point) = sum_i f(x_i) prod_{j != i} (point - x_j) / (x_i - x_j)
 * </pre>
 */
public final class Interpolation {
    private final int[] xs;
    private final long[] weights;

    private Interpolation(int[] xs, long[] weights) {
        this.xs = xs;
        this.weights = weights;
    }

    /**
     * Returns the weights at {@code point}, 0 for the secret.
     *
     * @throws IllegalArgumentException when an x is below 1 or occurs twice
     */
    public static Interpolation at(int point, int[] xs) {
        Shamir.requirePoints(xs);
        long[] weights = new long[xs.length];
        for (int i = 0; i < xs.length; i++) {
            long numerator = 1;
            long denominator = 1;
            for (int j = 0; j < xs.length; j++) {
                if (j != i) {
                    numerator = Field.multiply(numerator, Field.subtract(point, xs[j]));
                    denominator = Field.multiply(denominator, Field.subtract(xs[i], xs[j]));
                }
            }
            weights[i] = Field.multiply(numerator, Field.invert(denominator));
        }
        return new Interpolation(xs.clone(), weights);
    }

    /**
     * Restores the secret; these weights must be those at 0.
     *
     * @param shares in the order of the x given
     * @return nothing when the result is no secret of 32 bytes: some share is wrong
     * @throws IllegalArgumentException when the shares have other x
     */
    public Optional<Secret> secret(List<Share> shares) {
        long[] limbs = apply(shares);
        try {
            for (int i = 0; i < Share.LIMBS; i++) {
                // the last limb has the 48 bits that are left
                int bits = Math.min(Shamir.LIMB_BITS, 8 * Shamir.SECRET_BYTES - i * Shamir.LIMB_BITS);
                if (limbs[i] >>> bits != 0) {
                    return Optional.empty();
                }
            }
            return Optional.of(Secret.taking(Shamir.ofLimbs(limbs)));
        } finally {
            Arrays.fill(limbs, 0);
        }
    }

    /** Says whether {@code other} is on the polynomials through {@code shares}; these weights must be those at its x. */
    public boolean agrees(List<Share> shares, Share other) {
        long[] limbs = apply(shares);
        long difference = 0;
        for (int i = 0; i < Share.LIMBS; i++) {
            difference |= limbs[i] ^ other.limb(i);
        }
        Arrays.fill(limbs, 0);
        return difference == 0;
    }

    private long[] apply(List<Share> shares) {
        int[] given = shares.stream().mapToInt(Share::x).toArray();
        if (!Arrays.equals(given, xs)) {
            throw new IllegalArgumentException(
                    "shares must have x " + Arrays.toString(xs) + ", got " + Arrays.toString(given));
        }
        long[] limbs = new long[Share.LIMBS];
        for (int i = 0; i < xs.length; i++) {
            for (int limb = 0; limb < Share.LIMBS; limb++) {
                limbs[limb] = Field.add(
                        limbs[limb], Field.multiply(weights[i], shares.get(i).limb(limb)));
            }
        }
        return limbs;
    }
}
