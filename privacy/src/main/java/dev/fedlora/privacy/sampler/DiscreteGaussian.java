package dev.fedlora.privacy.sampler;

/**
 * The discrete Gaussian distribution, sampled exactly: P(x) proportional to exp(-x² / 2 sigma²) over all integers x, for an
 * integer sigma (Canonne, Kamath, Steinke, NeurIPS 2020, algorithm 3). Immutable.
 *
 * <p>A discrete Laplace draw y of scale sigma is kept with probability exp(-(|y| - sigma)² / 2 sigma²). The paper multiplies
 * that fraction out; here |y| = u + sigma v splits it into factors whose parts are all below 2^41, so that sigma may be as
 * large as 2^40 in 64-bit integers:
 * <pre>
 *   v = 0:  exp(-((sigma - u) / sigma)² / 2)
 *   v > 0:  exp(-(u / sigma)² / 2) * exp(-u / sigma)^(v - 1) * exp(-(v - 1)² / 2)
 * </pre>
 */
public final class DiscreteGaussian {
    private final long sigma;
    private final DiscreteLaplace proposal;

    /** @throws IllegalArgumentException when {@code sigma} is not in [1, 2^40] */
    public DiscreteGaussian(long sigma) {
        if (sigma < 1 || sigma > DiscreteLaplace.LARGEST_SCALE) {
            throw new IllegalArgumentException(
                    "sigma is " + sigma + ", must be an integer in [1, " + DiscreteLaplace.LARGEST_SCALE + "]");
        }
        this.sigma = sigma;
        this.proposal = new DiscreteLaplace(sigma);
    }

    /** The parameter; the standard deviation is at most that, and equal to it to 1e-7 from sigma = 1.5 on. */
    public long sigma() {
        return sigma;
    }

    /** Returns one draw. */
    public long sample(SecureBits bits) {
        while (true) {
            long drawn = proposal.sample(bits);
            if (isKept(Math.abs(drawn), bits)) {
                return drawn;
            }
        }
    }

    /** Returns {@code count} independent draws, in the order of the stream. */
    public long[] sample(int count, SecureBits bits) {
        long[] draws = new long[count];
        for (int i = 0; i < count; i++) {
            draws[i] = sample(bits);
        }
        return draws;
    }

    private boolean isKept(long magnitude, SecureBits bits) {
        long v = magnitude / sigma;
        long u = magnitude - v * sigma;
        if (v == 0) {
            return BernoulliExp.halfSquare(sigma - u, sigma, bits);
        }
        long beyond = v - 1;
        if (!BernoulliExp.sample(beyond * beyond, 2, bits)) {
            return false;
        }
        for (long i = 0; i < beyond; i++) {
            if (!BernoulliExp.sample(u, sigma, bits)) {
                return false;
            }
        }
        return BernoulliExp.halfSquare(u, sigma, bits);
    }
}
