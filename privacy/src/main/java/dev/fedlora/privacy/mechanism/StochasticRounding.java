package dev.fedlora.privacy.mechanism;

import dev.fedlora.privacy.sampler.SecureBits;

/**
 * Conditional stochastic rounding: a clipped vector times the scale goes to one of the two neighbouring integers in each
 * coordinate, up with the probability of its fractional part, and the whole is drawn again until its squared norm is within
 * {@link RoundedNorm#squaredL2()} (Kairouz, Liu, Steinke, ICML 2021, algorithm 2). The norm is summed in 64-bit integers, so
 * the bound holds exactly for what comes out. Immutable.
 *
 * <p>Unbiased in each coordinate but for the conditioning, whose effect the paper bounds by β √d / (1 - β) steps in norm and
 * which is unmeasurable once c s is many times √d.
 */
public final class StochasticRounding {
    /** All tries together fail with probability at most exp(-50), less than 2^-72. */
    private static final double LOG_FAILURE = -50;

    private final RoundedNorm bound;
    private final long mostTries;

    /**
     * @param bound what comes out is held to
     * @throws IllegalArgumentException when one coordinate may exceed an int
     */
    public StochasticRounding(RoundedNorm bound) {
        if (bound.lInfinity() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("scale is " + bound.scale() + ": clipping bound times scale is "
                    + bound.clip() * bound.scale() + ", must be below 2^31");
        }
        this.bound = bound;
        // each try fails with probability at most beta; for beta 0 none does, but for the rounding of the bound itself
        this.mostTries = bound.beta() == 0 ? 1 : (long) Math.ceil(LOG_FAILURE / Math.log(bound.beta()));
    }

    /** What every rounded vector is held to. */
    public RoundedNorm bound() {
        return bound;
    }

    /**
     * Returns {@code clipped} times the scale, rounded.
     *
     * @param clipped L2 norm at most the clipping bound, {@code dimension} coordinates
     * @throws IllegalArgumentException when it has another length, a coordinate that is not finite, or a larger norm
     * @throws IllegalStateException when every one of 100 roundings was too long (for the usual β), which happens with probability below 2^-72
     */
    public int[] round(float[] clipped, SecureBits bits) {
        requireClipped(clipped);
        int[] rounded = new int[clipped.length];
        long allowed = bound.squaredL2();
        for (int tries = 0; tries < mostTries; tries++) {
            if (roundOnce(clipped, rounded, bits) <= allowed) {
                return rounded;
            }
        }
        throw new IllegalStateException(mostTries + " roundings in a row exceeded the norm bound: beta is "
                + bound.beta() + " and the vector has " + clipped.length + " coordinates");
    }

    /** Rounds into {@code rounded} and returns the squared norm; below 2^63 because {@link RoundedNorm} was accepted. */
    private long roundOnce(float[] clipped, int[] rounded, SecureBits bits) {
        long squared = 0;
        for (int i = 0; i < clipped.length; i++) {
            // of the magnitude, because only there is the difference to the floor exact
            double scaled = Math.abs(clipped[i] * bound.scale());
            double floor = Math.floor(scaled);
            int value = (int) floor;
            if (bits.bernoulli(scaled - floor)) {
                value++;
            }
            rounded[i] = clipped[i] < 0 ? -value : value;
            squared += (long) value * value;
        }
        return squared;
    }

    private void requireClipped(float[] clipped) {
        if (clipped.length != bound.dimension()) {
            throw new IllegalArgumentException(
                    "vector has " + clipped.length + " coordinates, must have " + bound.dimension());
        }
        double norm = L2Clip.norm(clipped);
        // L2Clip's result is within the bound exactly; the sum just made may be off by this much
        if (norm > bound.clip() * (1 + (clipped.length + 8) * 0x1p-53)) {
            throw new IllegalArgumentException(
                    "vector has norm " + norm + ", must be clipped to at most " + bound.clip());
        }
    }
}
