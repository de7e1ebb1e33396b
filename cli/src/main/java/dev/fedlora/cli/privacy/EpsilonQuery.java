package dev.fedlora.cli.privacy;

import dev.fedlora.privacy.accounting.Accountant;
import dev.fedlora.privacy.accounting.Accountants;
import dev.fedlora.privacy.accounting.NoiseKind;
import dev.fedlora.privacy.accounting.SampledGaussian;

/**
 * One question: the epsilon of so many steps.
 *
 * @param noiseMultiplier standard deviation of the noise over the clipping bound
 * @param samplingRate probability of a unit to be in a batch
 * @param steps at least 0
 * @param delta in (0, 1)
 * @param accountant its name
 * @param noise continuous, as the literature computes, or discrete, as this software draws it
 */
record EpsilonQuery(
        double noiseMultiplier, double samplingRate, long steps, double delta, String accountant, NoiseKind noise) {
    /**
     * Returns the answer, which is finite.
     *
     * @throws IllegalArgumentException when a figure is out of its range, or the accountant knows no bound
     */
    double epsilon() {
        Accountant spent =
                Accountants.named(accountant).plus(new SampledGaussian(noiseMultiplier, samplingRate, noise), steps);
        double epsilon = spent.epsilon(delta);
        if (Double.isInfinite(epsilon)) {
            throw new IllegalArgumentException("accountant " + accountant + " knows no finite epsilon for " + this);
        }
        return epsilon;
    }
}
