package dev.fedlora.privacy.sampler;

/**
 * A coin that shows heads with probability exp(-x) for a rational x, exactly (Canonne, Kamath, Steinke, NeurIPS 2020,
 * algorithm 1; after von Neumann 1951 and Forsythe 1972).
 *
 * <p>For x in [0, 1], count K = 1, 2, ... as long as coins of probability x/K show heads; the count stops at an odd K with
 * probability 1 - x + x²/2! - ... = exp(-x). A coin of x/K is two independent coins, of x and of 1/K, so that no product of
 * integers is formed and none can overflow. Larger x are split: exp(-x) = exp(-1) ... exp(-1) exp(-(x - floor x)).
 */
public final class BernoulliExp {
    private BernoulliExp() {}

    /**
     * Returns true with probability exp(-{@code numerator / denominator}). Takes fewer than 5 uniform draws on average,
     * whatever the fraction.
     *
     * @throws IllegalArgumentException when {@code numerator} is negative or {@code denominator} is not positive
     */
    public static boolean sample(long numerator, long denominator, SecureBits bits) {
        if (numerator < 0 || denominator <= 0) {
            throw new IllegalArgumentException(
                    "exponent is " + numerator + "/" + denominator + ", must be a fraction that is not negative");
        }
        long rest = numerator;
        while (rest > denominator) {
            if (!upToOne(1, 1, bits)) {
                return false;
            }
            rest -= denominator;
        }
        return upToOne(rest, denominator, bits);
    }

    /** exp(-numerator/denominator) for a fraction in [0, 1]. */
    private static boolean upToOne(long numerator, long denominator, SecureBits bits) {
        long count = 1;
        while (bits.below(denominator) < numerator && bits.below(count) == 0) {
            count++;
        }
        return (count & 1) == 1;
    }

    /** exp(-(part/whole)²/2) for part at most whole: the square is two coins of part/whole, never multiplied out. */
    static boolean halfSquare(long part, long whole, SecureBits bits) {
        long count = 1;
        while (bits.below(2 * count) == 0 && bits.below(whole) < part && bits.below(whole) < part) {
            count++;
        }
        return (count & 1) == 1;
    }
}
