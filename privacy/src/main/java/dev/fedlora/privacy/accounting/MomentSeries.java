package dev.fedlora.privacy.accounting;

/**
 * A of {@link SampledGaussianMoments} at fractional orders by the two-sided series of Mironov, Talwar and Zhang (arXiv
 * 1908.10530, section 3.3): the power is expanded at either side of z0 = 1/2 + σ² log(1/q - 1), where both parts of the
 * mixture are equal. It serves small sigma, where it converges at once and quadrature would need many nodes.
 * <pre>
 *   A = Σ over i = 0, 1, ... of C(α,i) (a(i) + b(i)),     j = α - i
 *   a(i) = (1-q)^j q^i exp((i²-i)/2σ²) P(Z &lt; (z0 - i)/σ)
 *   b(i) = (1-q)^i q^j exp((j²-j)/2σ²) P(Z &gt; (z0 - j)/σ)
 * </pre>
 * The generalised binomial C(α,i) changes sign at each i above α, and the sign is carried; leaving it out overstates A.
 */
final class MomentSeries {
    private static final int MOST_TERMS = 3_000;

    /** A term this much smaller than the sum ends the series; later ones shrink faster than 1/i² and alternate. */
    private static final double LOG_NEGLIGIBLE = Math.log(1e-17);

    /** So that A - 1 keeps nine digits after terms of size 1, good to 1e-15, cancelled. */
    private static final double SMALLEST_EXCESS = 1e-6;

    private final double q;
    private final double sigma;
    private final double order;
    private final double z0;

    private MomentSeries(double q, double sigma, double order) {
        this.q = q;
        this.sigma = sigma;
        this.order = order;
        this.z0 = 0.5 + sigma * sigma * (Math.log1p(-q) - Math.log(q));
    }

    /** Returns log A(order), or NaN when the series did not give it to nine digits. */
    static double logMoment(double q, double sigma, double order) {
        return new MomentSeries(q, sigma, order).logSum();
    }

    private double logSum() {
        LogSum positive = new LogSum();
        LogSum negative = new LogSum();
        double logBinomial = 0;
        boolean isNegative = false;
        for (int i = 0; i < MOST_TERMS; i++) {
            double term = logBinomial + LogSum.log1pExp(upper(i) - lower(i)) + lower(i);
            (isNegative ? negative : positive).add(term);
            if (i > order && term < positive.log() + LOG_NEGLIGIBLE) {
                return difference(positive.log(), negative.log());
            }
            isNegative ^= order < i;
            logBinomial += Math.log(Math.abs(order - i) / (i + 1));
        }
        return Double.NaN;
    }

    /** log a(i). */
    private double lower(int i) {
        double j = order - i;
        return j * Math.log1p(-q)
                + i * Math.log(q)
                + (double) i * (i - 1) / 2 / sigma / sigma
                + NormalTail.logUpper((i - z0) / sigma);
    }

    /** log b(i). */
    private double upper(int i) {
        double j = order - i;
        return i * Math.log1p(-q)
                + j * Math.log(q)
                + j * (j - 1) / 2 / sigma / sigma
                + NormalTail.logUpper((z0 - j) / sigma);
    }

    private static double difference(double logPositive, double logNegative) {
        double logMoment = logPositive + Math.log1p(-Math.exp(logNegative - logPositive));
        boolean isReliable = logMoment > SMALLEST_EXCESS && logNegative < logPositive - 0.1;
        return isReliable ? logMoment : Double.NaN;
    }
}
