package dev.fedlora.lora.train;

/**
 * Differentially private training, DP-SGD: each step draws a Poisson batch of groups, clips each group's gradient to an L2
 * norm of C, adds noise of standard deviation z C to the sum, and divides by a constant.
 *
 * <p>A group is one example, or all examples that name the same person; its gradient is the mean of its examples'
 * gradients, so that whoever has many notes counts once. Protected is the presence of one group among the data
 * (add-or-remove adjacency). Under that adjacency the number of groups is itself private, so the divisor must not be
 * computed from the data: it is {@code expectedBatchSize}, a constant of the plan. A good choice is the sampling rate times
 * a lower bound of the number of groups that everybody may know; a wrong one scales the steps and harms no privacy.
 *
 * <p>The noise is exact: clipped gradients are truncated towards zero to integers on a grid of step g = C / 2^b, which can
 * only shorten them, so the sum of integers has sensitivity of at most 2^b, and discrete Gaussian noise of the integer sigma
 * = ceil(z 2^b) is added to that sum (Canonne, Kamath, Steinke, The Discrete Gaussian for Differential Privacy, NeurIPS 2020,
 * arXiv 2004.00010). The grid is so fine that truncation does not matter: see {@link #gridBits}.
 *
 * @param steps of this round, at least 1; not derived from the data
 * @param samplingRate q, the probability that a group joins a batch, in (0, 1]
 * @param expectedBatchSize what the noised sum is divided by, positive
 * @param clippingBound C, positive
 * @param noiseMultiplier z, positive, at most 1000
 * @param optimizer how a step is taken
 */
public record PrivateTrainingPlan(
        int steps,
        double samplingRate,
        double expectedBatchSize,
        double clippingBound,
        double noiseMultiplier,
        OptimizerPlan optimizer) {
    /** Grid steps an average coordinate takes: truncating loses half a step of these on average, 0.05 %. */
    private static final int STEPS_A_COORDINATE = 1024;

    /** Squares of the sum's integers stay below 2^60, so that the norm is checked in exact arithmetic. */
    private static final int MOST_GRID_BITS = 30;

    /** With the bits above, sigma stays below 2^40, which an exact sampler in 64-bit integers can do. */
    private static final double MOST_NOISE = 1000;

    /** @throws IllegalArgumentException naming the first value that is out of its range */
    public PrivateTrainingPlan {
        OptimizerPlan.require(steps >= 1, "steps", "at least 1", steps);
        OptimizerPlan.require(samplingRate > 0 && samplingRate <= 1, "sampling rate", "in (0, 1]", samplingRate);
        requirePositive("expected batch size", expectedBatchSize);
        requirePositive("clipping bound", clippingBound);
        requirePositive("noise multiplier", noiseMultiplier);
        OptimizerPlan.require(
                noiseMultiplier <= MOST_NOISE, "noise multiplier", "at most " + MOST_NOISE, noiseMultiplier);
    }

    /**
     * Returns b, of which 2^b is the clipping bound in grid steps: the least with 2^b at least 1024 √P, so that a coordinate
     * of a clipped gradient that is spread evenly over P parameters takes 1024 grid steps or more.
     */
    public static int gridBits(int parameters) {
        double wanted = STEPS_A_COORDINATE * Math.sqrt(parameters);
        int bits = 0;
        while (bits < MOST_GRID_BITS && (1L << bits) < wanted) {
            bits++;
        }
        return bits;
    }

    /** Returns the standard deviation parameter of the integer noise, ceil(z 2^b). */
    public long sigma(int parameters) {
        return (long) Math.ceil(noiseMultiplier * (1L << gridBits(parameters)));
    }

    private static void requirePositive(String what, double got) {
        OptimizerPlan.require(got > 0 && Double.isFinite(got), what, "positive and finite", got);
    }
}
