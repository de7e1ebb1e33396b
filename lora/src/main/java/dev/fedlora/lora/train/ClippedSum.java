package dev.fedlora.lora.train;

import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * The sum of a private step, in integers: noise, and each group's gradient, clipped and truncated towards zero to the grid.
 * Integer sums are exact, so neither the order nor the threads matter.
 *
 * <p>The noise is drawn into an array of its own, before or beside the gradients, so that the time its draws take cannot
 * depend on the data, and nothing is given out without it. {@link #add} is thread-safe.
 */
public final class ClippedSum {
    /** Above the relative error of a norm summed in double over 2^22 values; the norm is checked exactly afterwards. */
    private static final double NORM_MARGIN = 1 + 1e-9;

    private static final int LANES = 8; // additions that do not wait for each other

    private final double clippingBound;
    private final long bound; // the clipping bound in grid steps, 2^b with b at most 30
    private final long sigma;
    private final long[] sum;
    private final long[] noise;
    private final ConcurrentLinkedQueue<int[]> spare = new ConcurrentLinkedQueue<>();
    private volatile boolean isNoised;

    /**
     * Makes a sum of nothing but noise.
     *
     * @param parameters P, the length of every gradient
     */
    public ClippedSum(PrivateTrainingPlan plan, int parameters, PrivateRandomness randomness) {
        this(plan, parameters);
        drawNoise(randomness);
    }

    /** Makes a sum that serves several steps, each of which starts with {@link #reset}. */
    ClippedSum(PrivateTrainingPlan plan, int parameters) {
        this.clippingBound = plan.clippingBound();
        this.bound = 1L << PrivateTrainingPlan.gridBits(parameters);
        this.sigma = plan.sigma(parameters);
        this.sum = new long[parameters];
        this.noise = new long[parameters];
    }

    /** Starts a step: what was summed before is forgotten. */
    void reset() {
        Arrays.fill(sum, 0);
        Arrays.fill(noise, 0);
        isNoised = false;
    }

    /** Draws the step's noise; to be called once a step. */
    void drawNoise(PrivateRandomness randomness) {
        randomness.addDiscreteGaussian(noise, sigma);
        isNoised = true;
    }

    /**
     * Adds one group's gradient.
     *
     * @return its norm before clipping; when that is not finite, nothing was added
     */
    public double add(float[] gradient) {
        double norm = Math.sqrt(square(gradient));
        if (!Double.isFinite(norm)) {
            return norm;
        }
        // grid steps a unit: at most bound / clippingBound, less where the gradient is too long
        double steps = bound / Math.max(clippingBound, norm * NORM_MARGIN);
        int[] taken = spare.poll();
        int[] clipped = taken == null ? new int[sum.length] : taken;
        long exact = 0;
        for (int i = 0; i < clipped.length; i++) {
            int whole = (int) (gradient[i] * steps);
            clipped[i] = whole;
            exact += (long) whole * whole;
        }
        if (exact > bound * bound) {
            throw new IllegalStateException("a clipped gradient is longer than its bound");
        }
        synchronized (sum) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += clipped[i];
            }
        }
        spare.add(clipped);
        return norm;
    }

    private static double square(float[] values) {
        double[] lanes = new double[LANES];
        int whole = values.length / LANES * LANES;
        for (int i = 0; i < whole; i += LANES) {
            for (int lane = 0; lane < LANES; lane++) {
                lanes[lane] += (double) values[i + lane] * values[i + lane];
            }
        }
        for (int i = whole; i < values.length; i++) {
            lanes[0] += (double) values[i] * values[i];
        }
        return Arrays.stream(lanes).sum();
    }

    /** Writes the noised sum, divided by {@code divisor}, as a gradient. */
    public void writeTo(float[] gradient, double divisor) {
        if (!isNoised) {
            throw new IllegalStateException("the noise of this step has not been drawn");
        }
        double scale = clippingBound / bound / divisor;
        for (int i = 0; i < sum.length; i++) {
            gradient[i] = (float) ((sum[i] + noise[i]) * scale);
        }
    }
}
