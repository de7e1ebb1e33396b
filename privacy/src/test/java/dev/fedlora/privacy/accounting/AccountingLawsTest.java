package dev.fedlora.privacy.accounting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.testkit.Property;
import java.util.SplittableRandom;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

/** Laws that hold for every accountant; slack of 1e-9 is for rounding where two nearly equal values are compared. */
class AccountingLawsTest {
    private static final int CASES = 500;
    private static final double SLACK = 1 + 1e-9;

    @Test
    void epsilon_overTheWholeRange_isANumberAndNotNegative() {
        Property.forAll(2 * CASES, random -> {
            SampledGaussian event = event(random, anySigma(random), anyRate(random));
            long steps = (long) Math.pow(10, random.nextDouble(0, 7));
            RdpAccountant accountant = new RdpAccountant().plus(event, steps);
            double epsilon = accountant.epsilon(anyDelta(random));
            assertThat(epsilon).isNotNaN().isBetween(0.0, 1e20);
            double delta = accountant.delta(Math.pow(10, random.nextDouble(-3, 3)));
            assertThat(delta).isNotNaN().isBetween(0.0, 1.0);
        });
    }

    @Test
    void epsilon_moreNoise_doesNotGrow() {
        Property.forAll(CASES, random -> {
            SampledGaussian event = event(random, anySigma(random), anyRate(random));
            double factor = 1 + Math.pow(10, random.nextDouble(-4, 1));
            var noisier = new SampledGaussian(event.noiseMultiplier() * factor, event.samplingRate(), event.noise());
            double delta = anyDelta(random);
            assertThat(epsilon(noisier, 100, delta)).isLessThanOrEqualTo(epsilon(event, 100, delta) * SLACK);
        });
    }

    @Test
    void epsilon_moreSampling_doesNotShrink() {
        Property.forAll(CASES, random -> {
            SampledGaussian event = event(random, anySigma(random), anyRate(random));
            double more = Math.min(1, event.samplingRate() * (1 + Math.pow(10, random.nextDouble(-4, 1))));
            var larger = new SampledGaussian(event.noiseMultiplier(), more, event.noise());
            double delta = anyDelta(random);
            assertThat(epsilon(larger, 100, delta) * SLACK).isGreaterThanOrEqualTo(epsilon(event, 100, delta));
        });
    }

    @Test
    void epsilon_moreStepsOrSmallerDelta_doesNotShrink() {
        Property.forAll(CASES, random -> {
            SampledGaussian event = event(random, anySigma(random), anyRate(random));
            double delta = anyDelta(random);
            RdpAccountant once = new RdpAccountant().plus(event, 50);
            assertThat(once.plus(event, 1 + random.nextLong(1000)).epsilon(delta))
                    .isGreaterThanOrEqualTo(once.epsilon(delta));
            assertThat(once.epsilon(delta * random.nextDouble(0.001, 1))).isGreaterThanOrEqualTo(once.epsilon(delta));
        });
    }

    @Test
    void divergence_largerOrder_doesNotShrink() {
        Property.forAll(CASES, random -> {
            SampledGaussian event = new SampledGaussian(anySigma(random), anyRate(random), NoiseKind.CONTINUOUS);
            RdpOrders orders = RdpOrders.standard();
            RdpAccountant accountant = new RdpAccountant().plus(event, 1);
            for (int i = 1; i < orders.count(); i++) {
                assertThat(accountant.divergence(i)).isGreaterThanOrEqualTo(accountant.divergence(i - 1));
            }
        });
    }

    /** Each order by itself, so that the running minimum cannot hide an error: the raw values are monotone too. */
    @Test
    void divergence_eachOrderAlone_isMonotone() {
        Property.forAll(CASES, random -> {
            double sigma = Math.pow(10, random.nextDouble(-1.5, 2));
            double q = random.nextBoolean() ? random.nextDouble(1e-3, 0.999) : Math.pow(10, random.nextDouble(-8, -1));
            double order = random.nextDouble(1.05, 30);
            double next = order + Math.pow(10, random.nextDouble(-2, 0));
            assertThat(divergence(q, sigma, next) * SLACK)
                    .as("q %s, sigma %s, orders %s and %s", q, sigma, order, next)
                    .isGreaterThanOrEqualTo(divergence(q, sigma, order));
        });
    }

    /** The fractional method on the way to an integer order meets the binomial sum, an independent formula. */
    @Test
    void divergence_fractionsNextToIntegers_agreeWithTheBinomialSum() {
        Property.forAll(CASES, random -> {
            double sigma = Math.pow(10, random.nextDouble(-1, 3));
            double q = Math.pow(10, random.nextDouble(-10, -0.01));
            int order = random.nextInt(2, 11);
            double exact = divergence(q, sigma, order);
            double below = divergence(q, sigma, order - 1e-9);
            double above = divergence(q, sigma, order + 1e-9);
            assertThat(below).isCloseTo(exact, Percentage.withPercentage(1e-4));
            assertThat(above).isCloseTo(exact, Percentage.withPercentage(1e-4));
        });
    }

    private static double divergence(double q, double sigma, double order) {
        var event = new SampledGaussian(sigma, q, NoiseKind.CONTINUOUS);
        return new RdpAccountant(RdpOrders.of(order)).plus(event, 1).divergence(0);
    }

    @Test
    void plus_inParts_isTheWhole() {
        Property.forAll(CASES, random -> {
            SampledGaussian first = event(random, anySigma(random), anyRate(random));
            SampledGaussian second = event(random, anySigma(random), anyRate(random));
            long a = random.nextLong(1, 1000);
            long b = random.nextLong(1, 1000);
            Accountant whole = new RdpAccountant().plus(first, a + b).plus(second, b);
            Accountant parts =
                    new RdpAccountant().plus(first, a).plus(second, b).plus(first, b);
            Accountant swapped = new RdpAccountant().plus(second, b).plus(first, a + b);
            double delta = anyDelta(random);
            assertThat(parts.epsilon(delta)).isEqualTo(whole.epsilon(delta));
            assertThat(swapped.epsilon(delta)).isCloseTo(whole.epsilon(delta), Percentage.withPercentage(1e-10));
        });
    }

    @Test
    void plus_original_isUnchanged() {
        SampledGaussian event = new SampledGaussian(1, 0.01, NoiseKind.CONTINUOUS);
        RdpAccountant before = new RdpAccountant().plus(event, 10);
        double epsilon = before.epsilon(1e-5);
        RdpAccountant after = before.plus(event, 10);
        assertThat(before.epsilon(1e-5)).isEqualTo(epsilon).isLessThan(after.epsilon(1e-5));
        assertThat(before.plus(event, 0)).isSameAs(before);
    }

    @Test
    void delta_ofEpsilon_leadsBack() {
        Property.forAll(CASES, random -> {
            SampledGaussian event = event(random, random.nextDouble(0.3, 20), random.nextDouble(1e-3, 1));
            RdpAccountant accountant = new RdpAccountant().plus(event, random.nextLong(1, 1000));
            double delta = anyDelta(random);
            double epsilon = accountant.epsilon(delta);
            assertThat(accountant.delta(epsilon)).isLessThanOrEqualTo(delta * SLACK);
            if (epsilon > 0 && accountant.delta(epsilon) > 0) {
                assertThat(accountant.epsilon(accountant.delta(epsilon)))
                        .isCloseTo(epsilon, within(1e-6 * epsilon + 1e-9));
            }
        });
    }

    @Test
    void epsilon_nothingSpent_isZero() {
        assertThat(new RdpAccountant().epsilon(1e-9)).isZero();
        assertThat(new RdpAccountant().delta(0)).isZero();
        var never = new SampledGaussian(1e-3, 0, NoiseKind.DISCRETE);
        assertThat(new RdpAccountant().plus(never, 10_000_000).epsilon(1e-9)).isZero();
    }

    @Test
    void epsilon_rateTowardsZeroAndOne_meetsTheLimits() {
        var rare = new SampledGaussian(1, 1e-12, NoiseKind.CONTINUOUS);
        assertThat(new RdpAccountant().plus(rare, 1).epsilon(1e-5)).isZero();
        // (e - 1) q² / 2 * 2 at order 2, which a sum rounded to 1 would lose
        assertThat(divergence(1e-12, 1, 2)).isCloseTo((Math.E - 1) * 1e-24, Percentage.withPercentage(1e-7));
        double all = epsilon(new SampledGaussian(2, 1, NoiseKind.CONTINUOUS), 10, 1e-5);
        double nearly = epsilon(new SampledGaussian(2, 1 - 1e-12, NoiseKind.CONTINUOUS), 10, 1e-5);
        assertThat(nearly).isCloseTo(all, within(1e-6));
    }

    @Test
    void epsilon_discreteNoise_isNeverBelowContinuous() {
        Property.forAll(CASES, random -> {
            double sigma = anySigma(random);
            double q = anyRate(random);
            double delta = anyDelta(random);
            assertThat(epsilon(new SampledGaussian(sigma, q, NoiseKind.DISCRETE), 10, delta))
                    .isGreaterThanOrEqualTo(epsilon(new SampledGaussian(sigma, q, NoiseKind.CONTINUOUS), 10, delta));
        });
    }

    @Test
    void impossibleInput_isRefused() {
        for (double sigma : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> new SampledGaussian(sigma, 1, NoiseKind.DISCRETE))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("noise multiplier is " + sigma);
        }
        for (double rate : new double[] {-1e-9, 1.000001, Double.NaN}) {
            assertThatThrownBy(() -> new SampledGaussian(1, rate, NoiseKind.DISCRETE))
                    .hasMessageContaining("sampling rate is " + rate);
        }
        RdpAccountant accountant = new RdpAccountant();
        for (double delta : new double[] {0, 1, -1e-5, Double.NaN}) {
            assertThatThrownBy(() -> accountant.epsilon(delta)).hasMessageContaining("delta is " + delta);
            assertThatThrownBy(() -> new Budget(1, delta)).hasMessageContaining("delta is " + delta);
        }
        assertThatThrownBy(() -> accountant.delta(-1)).hasMessageContaining("epsilon is -1");
        assertThatThrownBy(() -> accountant.delta(Double.NaN)).hasMessageContaining("NaN");
        assertThatThrownBy(() -> new Budget(0, 1e-5)).hasMessageContaining("epsilon is 0");
        assertThatThrownBy(() -> accountant.plus(new SampledGaussian(1, 1, NoiseKind.DISCRETE), -1))
                .hasMessageContaining("steps is -1");
        assertThatThrownBy(RdpOrders::of).hasMessageContaining("at least one");
        assertThatThrownBy(() -> RdpOrders.of(2, 1)).hasMessageContaining("order is 1.0");
        assertThatThrownBy(() -> RdpOrders.of(Double.NaN)).hasMessageContaining("NaN");
    }

    @Test
    void named_unknown_isRefusedWithTheList() {
        assertThat(Accountants.named("rdp").name()).isEqualTo("rdp");
        assertThat(Accountants.names()).contains(Accountants.DEFAULT);
        for (String name : new String[] {"gdp", "pld", "RDP", ""}) {
            assertThatThrownBy(() -> Accountants.named(name))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("\"" + name + "\"")
                    .hasMessageContaining("[rdp]");
        }
    }

    static SampledGaussian event(SplittableRandom random, double sigma, double rate) {
        return new SampledGaussian(sigma, rate, random.nextBoolean() ? NoiseKind.CONTINUOUS : NoiseKind.DISCRETE);
    }

    static double anySigma(SplittableRandom random) {
        return Math.pow(10, random.nextDouble(-3, 4));
    }

    static double anyRate(SplittableRandom random) {
        return switch (random.nextInt(6)) {
            case 0 -> 0;
            case 1 -> 1;
            case 2 -> 1 - Math.pow(10, random.nextDouble(-15, -1));
            case 3 -> random.nextDouble();
            default -> Math.pow(10, random.nextDouble(-12, 0));
        };
    }

    static double anyDelta(SplittableRandom random) {
        return Math.pow(10, random.nextDouble(-12, -1));
    }

    private static double epsilon(SampledGaussian event, long steps, double delta) {
        return new RdpAccountant().plus(event, steps).epsilon(delta);
    }
}
