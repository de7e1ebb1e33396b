package dev.fedlora.privacy.accounting;

/**
 * Moments of the Poisson-sampled Gaussian mechanism, whose logarithm divided by order - 1 is its Rényi divergence (Mironov,
 * Talwar, Zhang, arXiv 1908.10530, section 3.3):
 * <pre>
 *   A(α) = E over z ~ N(0, σ²) of (1 + w)^α,   w = q (exp((2z - 1) / 2σ²) - 1)
 * </pre>
 * The expectation of w is 0, so A - 1 = E[(1 + w)^α - 1 - αw] with an integrand that is never negative. All methods here
 * compute the logarithm of A - 1 rather than A: no digits are lost when a step costs almost nothing, which A itself would
 * round to 1.
 */
final class SampledGaussianMoments {
    /** Never passed above sigma 0.25 at orders up to 11; past it the series takes less time. */
    private static final int CHEAP_NODES = 700;

    /** About half a millisecond for one order. */
    private static final int MOST_NODES = 10_000;

    private final double q;
    private final double sigma;
    private final double[] logExcess; // log(exp((i² - i) / 2σ²) - 1) by i, filled as far as it was needed
    private int filled;
    private final MomentQuadrature quadrature;

    /** For orders up to {@code largestOrder} and q above 0 and, where a moment is asked for, below 1. */
    SampledGaussianMoments(double q, double sigma, double largestOrder) {
        this.q = q;
        this.sigma = sigma;
        this.logExcess = new double[(int) Math.ceil(largestOrder) + 1];
        this.quadrature = new MomentQuadrature(q, sigma);
    }

    /** Returns log A(order) / (order - 1), the Rényi divergence. */
    double divergence(double order) {
        double logMoment = order == Math.rint(order) ? atInteger((int) order) : atFraction(order);
        return logMoment / (order - 1);
    }

    /** A - 1 is the sum over i from 2 of C(α,i) (1-q)^(α-i) q^i (exp((i²-i)/2σ²) - 1): the binomial weights sum to 1. */
    private double atInteger(int order) {
        fill(order);
        double logQ = Math.log(q);
        double logRest = Math.log1p(-q);
        double logBinomial = Math.log(order);
        LogSum sum = new LogSum();
        for (int i = 2; i <= order; i++) {
            logBinomial += Math.log((order - i + 1.0) / i);
            sum.add(logBinomial + i * logQ + (order - i) * logRest + logExcess[i]);
        }
        return LogSum.log1pExp(sum.log());
    }

    private void fill(int order) {
        for (int i = Math.max(filled + 1, 2); i <= order; i++) {
            logExcess[i] = LogSum.logExpm1((double) i * (i - 1) / 2 / sigma / sigma);
        }
        filled = Math.max(filled, order);
    }

    /** Quadrature, the series or quadrature at some cost: the first that is good to nine digits; else an upper bound. */
    private double atFraction(double order) {
        double nodes = quadrature.nodes(order);
        if (nodes > CHEAP_NODES) {
            double bySeries = MomentSeries.logMoment(q, sigma, order);
            if (!Double.isNaN(bySeries)) {
                return bySeries;
            }
            if (nodes > MOST_NODES) {
                return interpolated(order);
            }
        }
        return LogSum.log1pExp(quadrature.logExcess(order));
    }

    /** log A is convex in the order (Hölder's inequality) and 0 at order 1: the chord between integers is an upper bound. */
    private double interpolated(double order) {
        int below = (int) Math.floor(order);
        double share = order - below;
        double atBelow = below == 1 ? 0 : atInteger(below);
        return (1 - share) * atBelow + share * atInteger(below + 1);
    }
}
