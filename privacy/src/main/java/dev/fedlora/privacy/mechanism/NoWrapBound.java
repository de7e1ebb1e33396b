package dev.fedlora.privacy.mechanism;

/**
 * The condition under which a sum of rounded, noised vectors cannot wrap around in the ring of integers modulo 2^32, so that
 * what is decoded is the sum itself:
 * <pre>
 *   n Δ∞ + 8 σ √n &lt; 2^31         Δ∞ = ceil(c s)
 * </pre>
 * The first term is a certainty. The second leaves room for noise of standard deviation σ from each client; past 8 standard
 * deviations a coordinate falls once in 10^15. Wrapping costs accuracy and never privacy, since it happens after the noise.
 *
 * @param clients number n of vectors in the sum, the largest possible cohort
 * @param clip clipping bound c of one vector
 * @param sigma standard deviation σ of one client's integer noise, 0 for none
 */
public record NoWrapBound(int clients, double clip, double sigma) {
    /** Half the modulus 2^32: a sum is decoded as a signed number. */
    private static final double HALF_MODULUS = 0x1p31;

    /** Gaussian mass outside 8 standard deviations is 1.2e-15: not once in a round of 20 million coordinates, nor in 10^7. */
    private static final double NOISE_DEVIATIONS = 8;

    /** @throws IllegalArgumentException when a parameter is out of its range, or no scale is possible at all */
    public NoWrapBound {
        if (clients < 1) {
            throw new IllegalArgumentException("clients is " + clients + ", must be positive");
        }
        if (!(clip > 0 && clip < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("clipping bound is " + clip + ", must be positive and finite");
        }
        if (!(sigma >= 0 && sigma < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("sigma is " + sigma + ", must be finite and not negative");
        }
        if (largestCoordinate(clients, sigma) < 1) {
            throw new IllegalArgumentException("sigma is " + sigma + ": the noise of " + clients
                    + " clients alone fills the ring of 2^32; allowed below "
                    + (HALF_MODULUS - clients) / (NOISE_DEVIATIONS * Math.sqrt(clients)));
        }
    }

    /** The largest scale s for which the condition holds. */
    public double largestScale() {
        double most = largestCoordinate(clients, sigma);
        double scale = most / clip;
        while (Math.ceil(clip * scale) > most) {
            scale = Math.nextDown(scale);
        }
        return scale;
    }

    /** True when sums at {@code scale} do not wrap. */
    public boolean holds(double scale) {
        return scale > 0 && Math.ceil(clip * scale) <= largestCoordinate(clients, sigma);
    }

    /**
     * Refuses a scale at which sums could wrap.
     *
     * @throws IllegalArgumentException naming the largest scale that is allowed
     */
    public void require(double scale) {
        if (!holds(scale)) {
            throw new IllegalArgumentException("scale is " + scale + ", must be positive and at most " + largestScale()
                    + " for " + clients + " clients, clipping bound " + clip + " and sigma " + sigma
                    + ", or sums wrap around modulo 2^32");
        }
    }

    /** The largest Δ∞ that meets the condition; exact, since all numbers are below 2^53. */
    private static double largestCoordinate(int clients, double sigma) {
        double room = HALF_MODULUS - NOISE_DEVIATIONS * sigma * Math.sqrt(clients);
        return Math.ceil(room / clients) - 1; // strictly less than room
    }
}
