package dev.fedlora.privacy.mechanism;

/**
 * Scales a vector down so that its L2 norm is at most the clipping bound; a vector that is within it stays as it is.
 * Immutable.
 *
 * <p>The bound holds for the exact norm of the floats that come out, not just up to rounding: the factor makes room for the
 * error of the norm's own summation, and scaled coordinates are rounded towards zero. A clipped vector is therefore shorter
 * than the bound by up to one part in 10^7 or, past 10^9 coordinates, more.
 */
public final class L2Clip {
    /** Half the distance from 1 to the next double, the relative error of one operation. */
    private static final double UNIT_ROUNDOFF = 0x1p-53;

    private final double bound;

    /** @throws IllegalArgumentException when {@code bound} is not positive and finite */
    public L2Clip(double bound) {
        if (!(bound > 0 && bound < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("clipping bound is " + bound + ", must be positive and finite");
        }
        this.bound = bound;
    }

    /** The largest norm that comes out. */
    public double bound() {
        return bound;
    }

    /**
     * Clips {@code vector} where it lies and returns the norm that it had. A zero vector is legal and has norm 0.
     *
     * @throws IllegalArgumentException when a coordinate is NaN or infinite; the vector is unchanged
     */
    public double clipInPlace(float[] vector) {
        double norm = norm(vector);
        double factor = factor(norm, vector.length);
        if (factor < 1) {
            for (int i = 0; i < vector.length; i++) {
                vector[i] = towardsZero(vector[i] * factor);
            }
        }
        return norm;
    }

    /**
     * Returns a clipped copy.
     *
     * @throws IllegalArgumentException when a coordinate is NaN or infinite
     */
    public float[] clip(float[] vector) {
        float[] copy = vector.clone();
        clipInPlace(copy);
        return copy;
    }

    /**
     * Returns the L2 norm, accumulated in double.
     *
     * @throws IllegalArgumentException when a coordinate is NaN or infinite, with their number and the first index
     */
    public static double norm(float[] vector) {
        double sum = 0;
        for (int i = 0; i < vector.length; i++) {
            sum += (double) vector[i] * vector[i];
        }
        if (!(sum < Double.POSITIVE_INFINITY)) { // squares of finite floats cannot overflow a double
            refuseNonFinite(vector);
        }
        return Math.sqrt(sum);
    }

    private double factor(double norm, int length) {
        // summing n squares is off by at most n + 1 roundings, half as many after the root; the rest are ours below
        double margin = (length + 8.0) * UNIT_ROUNDOFF;
        double safeNorm = norm * (1 + 2 * margin);
        return safeNorm <= bound ? 1 : bound / safeNorm;
    }

    private static float towardsZero(double value) {
        float nearest = (float) value;
        if (Math.abs((double) nearest) <= Math.abs(value)) {
            return nearest;
        }
        return nearest > 0 ? Math.nextDown(nearest) : Math.nextUp(nearest);
    }

    private static void refuseNonFinite(float[] vector) {
        int count = 0;
        int first = -1;
        for (int i = 0; i < vector.length; i++) {
            if (!Float.isFinite(vector[i])) {
                first = count == 0 ? i : first;
                count++;
            }
        }
        throw new IllegalArgumentException("vector has " + count + " of " + vector.length
                + " coordinates that are not finite, the first at index " + first + "; all must be finite");
    }
}
