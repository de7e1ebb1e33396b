package dev.fedlora.privacy.accounting;

/**
 * A - 1 of {@link SampledGaussianMoments} by the trapezoid rule, which converges exponentially for this integrand: it is
 * analytic in a strip of half-width πσ around the real line (in units of the standard deviation), where 1 + w first becomes
 * 0, and decays like exp(-u²/2) on both sides.
 */
final class MomentQuadrature {
    /** exp(-13²/2) is 2e-37 of what is kept. */
    private static final double REACH = 13;

    /** The error is about exp(-2π · half-width / step): below exp(-43) for half-width πσ; a Gaussian alone, exp(-2π²/step²). */
    private static final double STEP_PER_SIGMA = 0.45;

    private static final double LARGEST_STEP = 0.4;

    /** Below it the power series of (1 + w)^α - 1 - αw is used, whose direct form cancels. */
    private static final double SMALL = 0.05;

    private final double q;
    private final double sigma;
    private final double step;

    MomentQuadrature(double q, double sigma) {
        this.q = q;
        this.sigma = sigma;
        this.step = Math.min(LARGEST_STEP, STEP_PER_SIGMA * sigma);
    }

    /** Number of nodes that an order takes, each about 50 ns: 165 for sigma 1 and order 10, growing as 1/sigma². */
    double nodes(double order) {
        return (order / sigma + 2 * REACH) / step;
    }

    /** Returns log(A - 1). */
    double logExcess(double order) {
        LogSum sum = new LogSum();
        double end = order / sigma + REACH;
        for (long node = 0; -REACH + node * step <= end; node++) {
            double u = -REACH + node * step;
            double exponent = u / sigma - 0.5 / sigma / sigma;
            sum.add(logTerm(exponent, order) - u * u / 2);
        }
        return sum.log() + Math.log(step) - 0.5 * Math.log(2 * Math.PI);
    }

    /** log((1 + w)^α - 1 - αw) for w = q (exp(exponent) - 1). */
    private double logTerm(double exponent, double order) {
        // log(1 + w), written so that a large exponent does not overflow
        double logRatio = exponent > 0
                ? exponent + Math.log(q + (1 - q) * Math.exp(-exponent))
                : Math.log1p(q * Math.expm1(exponent));
        double power = order * logRatio;
        if (power > 600) { // exp would overflow soon; (1 + αw) / (1 + w)^α taken out as a factor
            double taken = Math.exp(-power) + order * -Math.expm1(-logRatio) * Math.exp(logRatio - power);
            return power + Math.log1p(-taken);
        }
        double w = q * Math.expm1(exponent);
        return Math.log(Math.abs(w) < SMALL ? powerSeries(w, order) : Math.expm1(power) - order * w);
    }

    /** Sum over k from 2 of C(α, k) w^k, for small w. */
    private static double powerSeries(double w, double order) {
        double term = order * (order - 1) / 2 * w * w;
        double sum = term;
        for (int k = 3; Math.abs(term) > 1e-17 * sum; k++) {
            term *= (order - k + 1) / k * w;
            sum += term;
        }
        return sum;
    }
}
