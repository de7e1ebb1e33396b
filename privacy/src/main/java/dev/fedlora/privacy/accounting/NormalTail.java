package dev.fedlora.privacy.accounting;

import org.apache.commons.math3.special.Erf;

/** The upper tail of the standard normal distribution as a logarithm, which holds where the probability underflows. */
final class NormalTail {
    private static final double LOG_ROOT_TWO_PI = 0.5 * Math.log(2 * Math.PI);

    /** From here on the continued fraction below converges to 1e-15 within its terms. */
    private static final double FAR = 4;

    private static final int TERMS = 80;

    private NormalTail() {}

    /** Returns log P(Z > x). Relative error about 1e-14. */
    static double logUpper(double x) {
        if (x < -FAR) {
            return Math.log1p(-Math.exp(logUpper(-x)));
        }
        if (x < FAR) {
            return Math.log(0.5 * Erf.erfc(x / Math.sqrt(2)));
        }
        // Laplace's continued fraction of Mills' ratio: 1/(x + 1/(x + 2/(x + 3/(x + ...
        double fraction = x;
        for (int term = TERMS; term > 0; term--) {
            fraction = x + term / fraction;
        }
        return -x * x / 2 - LOG_ROOT_TWO_PI - Math.log(fraction);
    }
}
