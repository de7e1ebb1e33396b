package dev.fedlora.privacy.sampler;

/**
 * The discrete Laplace distribution, sampled exactly: P(x) proportional to exp(-|x| / scale) over all integers x (Canonne,
 * Kamath, Steinke, NeurIPS 2020, algorithm 2, for integer scales). Immutable.
 */
public final class DiscreteLaplace {
    /** 2^40: a draw is then below 2^63 but for an event of probability exp(-2^22). */
    static final long LARGEST_SCALE = 1L << 40;

    private final long scale;

    /** @throws IllegalArgumentException when {@code scale} is not in [1, 2^40] */
    public DiscreteLaplace(long scale) {
        if (scale < 1 || scale > LARGEST_SCALE) {
            throw new IllegalArgumentException("scale is " + scale + ", must be in [1, " + LARGEST_SCALE + "]");
        }
        this.scale = scale;
    }

    /** Returns one draw. */
    public long sample(SecureBits bits) {
        while (true) {
            long remainder = bits.below(scale);
            if (!BernoulliExp.sample(remainder, scale, bits)) {
                continue;
            }
            long quotient = 0;
            while (BernoulliExp.sample(1, 1, bits)) {
                quotient++;
            }
            long magnitude = Math.addExact(remainder, Math.multiplyExact(scale, quotient));
            boolean isNegative = bits.nextLong() < 0;
            if (isNegative && magnitude == 0) {
                continue; // else zero would come up twice as often as it should
            }
            return isNegative ? -magnitude : magnitude;
        }
    }
}
