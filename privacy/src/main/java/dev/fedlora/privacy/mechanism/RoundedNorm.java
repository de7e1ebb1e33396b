package dev.fedlora.privacy.mechanism;

/**
 * Bounds on a vector of L2 norm at most {@code clip} after it was scaled and rounded stochastically to integers: the
 * sensitivity that integer noise must be sized by.
 * <pre>
 *   Δ₂² = min{ (cs + √d)²,  (cs)² + d/4 + √(2 ln 1/β) (cs + √d/2) }     rounded down to an integer
 *   Δ∞  = ceil(cs)
 * </pre>
 * The second term holds with probability at least 1 - β for one rounding; {@link StochasticRounding} repeats until it does,
 * so that it always holds (Kairouz, Liu, Steinke, ICML 2021, theorem 1 and proposition 22).
 *
 * @param clip clipping bound c of the real vector
 * @param scale grid steps per unit, s
 * @param dimension number of coordinates, d
 * @param beta largest probability that one rounding is repeated, in (0, 1); 0 for no repetition, then only the first term
 *     counts
 */
public record RoundedNorm(double clip, double scale, int dimension, double beta) {
    /** β of the paper's experiments, exp(-1/2): √(2 ln 1/β) is 1 and a rounding takes at most 2.6 tries on average. */
    public static final double USUAL_BETA = Math.exp(-0.5);

    /** Short of 2^63 by more than the rounding of the bound itself, so that squared norms fit into a long. */
    private static final double LARGEST_SQUARE = 9e18;

    /** @throws IllegalArgumentException when a parameter is out of its range, or Δ₂² would be above 9e18 */
    public RoundedNorm {
        requirePositive("clipping bound", clip);
        requirePositive("scale", scale);
        if (dimension < 1) {
            throw new IllegalArgumentException("dimension is " + dimension + ", must be positive");
        }
        if (!(beta >= 0 && beta < 1)) {
            throw new IllegalArgumentException("beta is " + beta + ", must be in [0, 1)");
        }
        double largest = largestSquare(clip * scale, dimension);
        if (!(largest <= LARGEST_SQUARE)) {
            throw new IllegalArgumentException("scale is " + scale + ", too large for clipping bound " + clip + " and "
                    + dimension + " coordinates: the squared integer norm could be " + largest + ", allowed "
                    + LARGEST_SQUARE);
        }
    }

    /** The bounds with {@link #USUAL_BETA}. */
    public static RoundedNorm of(double clip, double scale, int dimension) {
        return new RoundedNorm(clip, scale, dimension, USUAL_BETA);
    }

    /** Δ₂², the largest squared L2 norm that a rounded vector may have; it is exact, being an integer that is enforced. */
    public long squaredL2() {
        double length = clip * scale;
        double always = largestSquare(length, dimension);
        if (beta == 0) {
            return (long) always;
        }
        double deviation = Math.sqrt(-2 * Math.log(beta)) * (length + Math.sqrt(dimension) / 2);
        return (long) Math.min(always, length * length + dimension / 4.0 + deviation);
    }

    /** Δ₂, to divide the noise's standard deviation by. */
    public double l2() {
        return Math.sqrt((double) squaredL2());
    }

    /** Δ∞, the largest absolute value of one coordinate. */
    public long lInfinity() {
        return (long) Math.ceil(clip * scale);
    }

    private static double largestSquare(double length, int dimension) {
        double norm = length + Math.sqrt(dimension);
        return norm * norm;
    }

    private static void requirePositive(String name, double value) {
        if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(name + " is " + value + ", must be positive and finite");
        }
    }
}
