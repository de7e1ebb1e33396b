package dev.fedlora.privacy.sampler;

import java.util.function.IntToDoubleFunction;
import java.util.function.LongSupplier;
import org.apache.commons.math3.distribution.ChiSquaredDistribution;

/**
 * Pearson's goodness of fit for integer samplers.
 *
 * <p>A fit is rejected below p = 1e-9. The chi-squared law is only approximate that far out; with at least 200 expected in
 * each cell its tail is right within a factor of ten, so that a correct sampler fails one test in 10^8, and all tests of
 * this package together fail with a probability below 1e-6.
 */
final class Fit {
    static final double REJECTED = 1e-9;
    private static final double LEAST_EXPECTED = 200;

    private Fit() {}

    /** P-value of {@code count} draws against {@code mass} on -reach ... reach; rare values at both ends share a cell. */
    static double pValue(LongSupplier sampler, int count, int reach, IntToDoubleFunction mass) {
        long[] observed = new long[2 * reach + 1];
        long outside = 0;
        for (int i = 0; i < count; i++) {
            long value = sampler.getAsLong();
            if (Math.abs(value) <= reach) {
                observed[(int) value + reach]++;
            } else {
                outside++;
            }
        }
        double statistic = 0;
        int cells = 0;
        double restExpected = count;
        long restObserved = outside;
        for (int value = -reach; value <= reach; value++) {
            double expected = count * mass.applyAsDouble(value);
            if (expected >= LEAST_EXPECTED) {
                statistic += square(observed[value + reach] - expected) / expected;
                cells++;
                restExpected -= expected;
            } else {
                restObserved += observed[value + reach];
            }
        }
        if (restExpected >= LEAST_EXPECTED) {
            statistic += square(restObserved - restExpected) / restExpected;
            cells++;
        }
        return 1 - new ChiSquaredDistribution(cells - 1).cumulativeProbability(statistic);
    }

    /** P-value of cell counts against equal expectations. */
    static double uniformPValue(long[] observed) {
        long total = 0;
        for (long cell : observed) {
            total += cell;
        }
        double expected = (double) total / observed.length;
        double statistic = 0;
        for (long cell : observed) {
            statistic += square(cell - expected) / expected;
        }
        return 1 - new ChiSquaredDistribution(observed.length - 1).cumulativeProbability(statistic);
    }

    /** How many standard deviations {@code successes} are from what {@code trials} of probability {@code p} lead to expect. */
    static double deviations(long successes, long trials, double p) {
        return Math.abs(successes - trials * p) / Math.sqrt(trials * p * (1 - p));
    }

    private static double square(double x) {
        return x * x;
    }
}
