package dev.fedlora.lora.train;

/**
 * The sum of a private step, in integers: starts as noise, then takes in each group's gradient, clipped and truncated
 * towards zero to the grid. Integer sums are exact, so neither the order nor the threads matter.
 *
 * <p>The noise comes first so that the time its draws take cannot depend on the data. Thread-safe.
 */
public final class ClippedSum {
    /** Above the relative error of a norm summed in double over 2^22 values; the norm is checked exactly afterwards. */
    private static final double NORM_MARGIN = 1 + 1e-9;

    private final double clippingBound;
    private final long bound; // the clipping bound in grid steps, 2^b
    private final long[] sum;

    /**
     * Makes a sum of nothing but noise.
     *
     * @param parameters P, the length of every gradient
     */
    public ClippedSum(PrivateTrainingPlan plan, int parameters, PrivateRandomness randomness) {
        this.clippingBound = plan.clippingBound();
        this.bound = 1L << PrivateTrainingPlan.gridBits(parameters);
        this.sum = new long[parameters];
        randomness.addDiscreteGaussian(sum, plan.sigma(parameters));
    }

    /**
     * Adds one group's gradient.
     *
     * @return its norm before clipping; when that is not finite, nothing was added
     */
    public double add(float[] gradient) {
        double square = 0;
        for (float value : gradient) {
            square += (double) value * value;
        }
        double norm = Math.sqrt(square);
        if (!Double.isFinite(norm)) {
            return norm;
        }
        // grid steps a unit: at most bound / clippingBound, less where the gradient is too long
        double steps = bound / Math.max(clippingBound, norm * NORM_MARGIN);
        long exact = 0;
        for (float value : gradient) {
            long whole = (long) (value * steps);
            exact += whole * whole;
        }
        if (exact > bound * bound) {
            throw new IllegalStateException("a clipped gradient is longer than its bound");
        }
        synchronized (sum) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += (long) (gradient[i] * steps);
            }
        }
        return norm;
    }

    /** Writes the noised sum, divided by {@code divisor}, as a gradient. */
    public void writeTo(float[] gradient, double divisor) {
        double scale = clippingBound / bound / divisor;
        synchronized (sum) {
            for (int i = 0; i < sum.length; i++) {
                gradient[i] = (float) (sum[i] * scale);
            }
        }
    }
}
