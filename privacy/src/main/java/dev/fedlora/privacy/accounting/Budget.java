package dev.fedlora.privacy.accounting;

/**
 * The most that may be spent: (epsilon, delta) differential privacy.
 *
 * @param epsilon positive
 * @param delta in (0, 1); choose it below one over the number of units protected
 */
public record Budget(double epsilon, double delta) {
    /** @throws IllegalArgumentException when a figure is out of its range */
    public Budget {
        if (!(epsilon > 0 && epsilon < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("epsilon is " + epsilon + ", must be positive and finite");
        }
        requireDelta(delta);
    }

    /** @throws IllegalArgumentException when {@code delta} is not in (0, 1); Gaussian noise gives no epsilon for delta 0 */
    static void requireDelta(double delta) {
        if (!(delta > 0 && delta < 1)) {
            throw new IllegalArgumentException("delta is " + delta + ", must be above 0 and below 1");
        }
    }
}
