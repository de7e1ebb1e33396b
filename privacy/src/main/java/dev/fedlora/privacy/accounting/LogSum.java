package dev.fedlora.privacy.accounting;

/** A sum of positive terms that are given, and returned, as logarithms, so that it can neither overflow nor underflow. */
final class LogSum {
    private double largest = Double.NEGATIVE_INFINITY;
    private double scaled; // sum of exp(term - largest)

    /** Adds exp({@code logTerm}); negative infinity adds nothing. */
    void add(double logTerm) {
        if (logTerm <= largest) {
            // the first guard is for two negative infinities, whose difference is not a number
            scaled += logTerm == Double.NEGATIVE_INFINITY ? 0 : Math.exp(logTerm - largest);
        } else {
            scaled = scaled == 0 ? 1 : scaled * Math.exp(largest - logTerm) + 1;
            largest = logTerm;
        }
    }

    /** The logarithm of the sum; negative infinity for no terms. */
    double log() {
        return scaled == 0 ? Double.NEGATIVE_INFINITY : largest + Math.log(scaled);
    }

    /** log(1 + exp(x)), without loss for small and for large exp(x). */
    static double log1pExp(double x) {
        return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
    }

    /** log(exp(x) - 1) for x >= 0, without loss for small and for large x. */
    static double logExpm1(double x) {
        return x > 1 ? x + Math.log1p(-Math.exp(-x)) : Math.log(Math.expm1(x));
    }
}
