package dev.fedlora.privacy.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import java.util.function.LongSupplier;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.junit.jupiter.api.Test;

/** Samplers against their exact probabilities; each test has a twin that shows a plausible mistake fails it. */
class DiscreteSamplersTest {
    private static final int DRAWS = 1_000_000;

    private final SecureBits bits = new SecureBits();

    /** 200 fractions, 20,000 draws each, 7 deviations or 12 draws: below 1e-9 each, 2e-7 in all. */
    @Test
    void bernoulliExp_manyFractions_haveTheirProbability() {
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 200; i++) {
            long denominator = 1 + (random.nextLong() >>> random.nextInt(2, 62));
            double x = random.nextDouble() * (i % 2 == 0 ? 1 : 5);
            long numerator = (long) (Math.min(x, Long.MAX_VALUE / 2.0 / denominator) * denominator);
            assertThat(isExponential((n, d) -> BernoulliExp.sample(n, d, bits), numerator, denominator))
                    .as("exp(-%d/%d)", numerator, denominator)
                    .isTrue();
        }
    }

    /** The twin: a coin of 1 - x, the first two terms of exp(-x). */
    @Test
    void bernoulliExp_brokenAfterTwoTerms_failsTheSameTest() {
        assertThat(isExponential((n, d) -> bits.below(d) >= n, 1, 2)).isFalse();
    }

    private interface Coin {
        boolean toss(long numerator, long denominator);
    }

    private static boolean isExponential(Coin coin, long numerator, long denominator) {
        int trials = 20_000;
        double p = Math.exp(-(double) numerator / denominator);
        long heads = 0;
        for (int i = 0; i < trials; i++) {
            heads += coin.toss(numerator, denominator) ? 1 : 0;
        }
        return Math.abs(heads - trials * p) <= 7 * Math.sqrt(trials * p * (1 - p)) + 12;
    }

    @Test
    void bernoulliExp_zeroAndHugeExponents_areCertain() {
        for (int i = 0; i < 1000; i++) {
            assertThat(BernoulliExp.sample(0, 5, bits)).isTrue();
            assertThat(BernoulliExp.sample(Long.MAX_VALUE, 1, bits)).isFalse();
        }
        assertThatThrownBy(() -> BernoulliExp.sample(-1, 5, bits)).hasMessageContaining("-1/5");
        assertThatThrownBy(() -> BernoulliExp.sample(1, 0, bits)).hasMessageContaining("1/0");
    }

    /** 10^6 draws for each scale; see {@link Fit} for the probability of a false failure. */
    @Test
    void discreteLaplace_againstItsMass_fits() {
        for (int scale : new int[] {1, 2, 3, 17, 100}) {
            DiscreteLaplace laplace = new DiscreteLaplace(scale);
            assertThat(Fit.pValue(() -> laplace.sample(bits), DRAWS, 20 * scale, laplaceMass(scale)))
                    .as("scale %d", scale)
                    .isGreaterThan(Fit.REJECTED);
        }
    }

    /** The twin: a sign for zero as for any other value, which brings zero up twice as often. */
    @Test
    void discreteLaplace_brokenAtZero_failsTheSameTest() {
        LongSupplier broken = () -> {
            long magnitude = 0;
            while (BernoulliExp.sample(1, 3, bits)) {
                magnitude++;
            }
            return bits.nextLong() < 0 ? -magnitude : magnitude;
        };
        assertThat(Fit.pValue(broken, DRAWS, 60, laplaceMass(3))).isLessThan(Fit.REJECTED);
    }

    private static IntToDoubleFunction laplaceMass(double scale) {
        double ratio = Math.exp(-1 / scale);
        return x -> (1 - ratio) / (1 + ratio) * Math.exp(-Math.abs(x) / scale);
    }

    /** 10^6 draws for each sigma; see {@link Fit} for the probability of a false failure. */
    @Test
    void discreteGaussian_againstItsMass_fits() {
        for (int sigma : new int[] {1, 2, 3, 5, 17, 100}) {
            DiscreteGaussian gaussian = new DiscreteGaussian(sigma);
            assertThat(Fit.pValue(() -> gaussian.sample(bits), DRAWS, 8 * sigma, gaussianMass(sigma)))
                    .as("sigma %d", sigma)
                    .isGreaterThan(Fit.REJECTED);
        }
    }

    /** The twin: a continuous Gaussian rounded to integers, whose variance is 1/12 larger. */
    @Test
    void discreteGaussian_brokenByRounding_failsTheSameTest() {
        SplittableRandom random = new SplittableRandom();
        LongSupplier broken = () -> Math.round(2 * random.nextGaussian());
        assertThat(Fit.pValue(broken, DRAWS, 16, gaussianMass(2))).isLessThan(Fit.REJECTED);
    }

    private static IntToDoubleFunction gaussianMass(int sigma) {
        double sum = 0;
        for (int x = -40 * sigma; x <= 40 * sigma; x++) {
            sum += Math.exp(-0.5 * x * x / sigma / sigma);
        }
        double total = sum;
        return x -> Math.exp(-0.5 * x * x / sigma / sigma) / total;
    }

    /** Tenths of a standard deviation against the normal law, from which so large a sigma differs by less than 1e-9. */
    @Test
    void discreteGaussian_largeSigma_fitsTheNormalLaw() {
        for (long sigma : new long[] {1 << 17, 1 << 30, (1L << 31) - 1, 1L << 31, 1L << 40}) {
            DiscreteGaussian gaussian = new DiscreteGaussian(sigma);
            LongSupplier tenths = () -> Math.floorDiv(10 * gaussian.sample(bits), sigma);
            assertThat(Fit.pValue(tenths, 500_000, 70, tenthsMass(1)))
                    .as("sigma %d", sigma)
                    .isGreaterThan(Fit.REJECTED);
        }
    }

    /** The twin: a sigma one part in fifty off. */
    @Test
    void discreteGaussian_brokenBySigma_failsTheSameTest() {
        DiscreteGaussian gaussian = new DiscreteGaussian(1 << 30);
        LongSupplier tenths = () -> Math.floorDiv(10 * gaussian.sample(bits), 1L << 30);
        assertThat(Fit.pValue(tenths, 500_000, 70, tenthsMass(1.02))).isLessThan(Fit.REJECTED);
    }

    private static IntToDoubleFunction tenthsMass(double sigma) {
        NormalDistribution normal = new NormalDistribution(null, 0, sigma);
        return x -> normal.probability(x / 10.0, (x + 1) / 10.0);
    }

    /** Lags 1 to 5 of 10^6 draws; a correlation of 7/1000 is 7 deviations: 3e-12 each. */
    @Test
    void discreteGaussian_successiveDraws_areUncorrelated() {
        assertThat(largestCorrelation(new DiscreteGaussian(50).sample(DRAWS, bits)))
                .isLessThan(7e-3);
    }

    /** The twin: every fiftieth draw repeated. */
    @Test
    void discreteGaussian_brokenByRepetition_failsTheSameTest() {
        long[] draws = new DiscreteGaussian(50).sample(DRAWS, bits);
        for (int i = 50; i < draws.length; i += 50) {
            draws[i] = draws[i - 1];
        }
        assertThat(largestCorrelation(draws)).isGreaterThan(7e-3);
    }

    private static double largestCorrelation(long[] draws) {
        double largest = 0;
        for (int lag = 1; lag <= 5; lag++) {
            double products = 0;
            double squares = 0;
            for (int i = lag; i < draws.length; i++) {
                products += (double) draws[i] * draws[i - lag];
                squares += (double) draws[i] * draws[i];
            }
            largest = Math.max(largest, Math.abs(products / squares));
        }
        return largest;
    }

    @Test
    void sample_sameSeed_givesTheSameDraws() {
        DiscreteGaussian gaussian = new DiscreteGaussian(1 << 20);
        assertThat(gaussian.sample(1000, SecureBits.reproducibleNotPrivate(5)))
                .containsExactly(gaussian.sample(1000, SecureBits.reproducibleNotPrivate(5)))
                .isNotEqualTo(gaussian.sample(1000, SecureBits.reproducibleNotPrivate(6)));
    }

    @Test
    void constructors_impossibleScale_refused() {
        assertThatThrownBy(() -> new DiscreteGaussian(0)).hasMessageContaining("sigma is 0");
        assertThatThrownBy(() -> new DiscreteGaussian((1L << 40) + 1)).hasMessageContaining("1099511627777");
        assertThatThrownBy(() -> new DiscreteLaplace(-3)).hasMessageContaining("scale is -3");
    }
}
