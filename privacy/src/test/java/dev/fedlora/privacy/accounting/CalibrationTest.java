package dev.fedlora.privacy.accounting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.testkit.Property;
import org.junit.jupiter.api.Test;

class CalibrationTest {
    private static final RdpAccountant NOTHING = new RdpAccountant();

    @Test
    void noiseMultiplier_anyReachableBudget_isMetAndNotWasted() {
        Property.forAll(40, random -> {
            Budget budget = new Budget(Math.pow(10, random.nextDouble(-0.5, 1.3)), 1e-5);
            double q = Math.pow(10, random.nextDouble(-4, 0));
            long steps = random.nextLong(1, 5000);
            NoiseKind noise = random.nextBoolean() ? NoiseKind.CONTINUOUS : NoiseKind.DISCRETE;
            double multiplier = Calibration.noiseMultiplier(NOTHING, budget, q, steps, noise);
            assertThat(NOTHING.plus(new SampledGaussian(multiplier, q, noise), steps)
                            .isWithin(budget))
                    .isTrue();
            assertThat(NOTHING.plus(new SampledGaussian(multiplier * 0.9999, q, noise), steps)
                            .isWithin(budget))
                    .isFalse();
        });
    }

    @Test
    void noiseMultiplier_afterSpending_isLarger() {
        Budget budget = new Budget(8, 1e-5);
        double fresh = Calibration.noiseMultiplier(NOTHING, budget, 0.01, 1000, NoiseKind.DISCRETE);
        Accountant spent = NOTHING.plus(new SampledGaussian(1, 0.01, NoiseKind.DISCRETE), 1000);
        assertThat(Calibration.noiseMultiplier(spent, budget, 0.01, 1000, NoiseKind.DISCRETE))
                .isGreaterThan(fresh);
    }

    @Test
    void noiseMultiplier_budgetAlreadySpent_isRefusedWithTheNumbers() {
        Accountant spent = NOTHING.plus(new SampledGaussian(0.5, 1, NoiseKind.DISCRETE), 100);
        assertThatThrownBy(() -> Calibration.noiseMultiplier(spent, new Budget(1, 1e-5), 0.01, 10, NoiseKind.DISCRETE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("epsilon 1.0")
                .hasMessageContaining(Double.toString(spent.epsilon(1e-5)));
    }

    @Test
    void roundsLeft_anyBudget_isTheLastNumberWithinIt() {
        Property.forAll(40, random -> {
            Budget budget = new Budget(random.nextDouble(0.5, 10), 1e-5);
            var event =
                    new SampledGaussian(random.nextDouble(0.7, 3), random.nextDouble(0.001, 0.2), NoiseKind.DISCRETE);
            Accountant spent = NOTHING.plus(event, random.nextLong(100));
            long steps = random.nextLong(1, 50);
            long rounds = Calibration.roundsLeft(spent, budget, event, steps);
            if (rounds > 0) {
                assertThat(spent.plus(event, rounds * steps).isWithin(budget)).isTrue();
            }
            assertThat(spent.plus(event, (rounds + 1) * steps).isWithin(budget)).isFalse();
        });
    }

    @Test
    void roundsLeft_noneOrNoEnd_isSaid() {
        Budget budget = new Budget(1, 1e-5);
        var loud = new SampledGaussian(0.1, 1, NoiseKind.DISCRETE);
        var silent = new SampledGaussian(0.1, 0, NoiseKind.DISCRETE);
        assertThat(Calibration.roundsLeft(NOTHING, budget, loud, 1)).isZero();
        assertThat(Calibration.roundsLeft(NOTHING, budget, silent, 1)).isEqualTo(Calibration.MOST_ROUNDS);
        assertThatThrownBy(() -> Calibration.roundsLeft(NOTHING, budget, silent, 0))
                .hasMessageContaining("are 0");
    }
}
