package dev.fedlora.privacy.accounting;

/**
 * One step of the Poisson-sampled Gaussian mechanism: each unit takes part with probability {@code samplingRate}, their
 * clipped contributions are summed, and Gaussian noise of {@code noiseMultiplier} times the clipping bound is added.
 *
 * @param noiseMultiplier standard deviation of the noise divided by the L2 sensitivity, positive
 * @param samplingRate in [0, 1]; 1 when all take part, or when the audience knows who does
 * @param noise continuous or discrete
 */
public record SampledGaussian(double noiseMultiplier, double samplingRate, NoiseKind noise) implements PrivacyEvent {
    /** @throws IllegalArgumentException when a figure is out of its range */
    public SampledGaussian {
        if (!(noiseMultiplier > 0 && noiseMultiplier < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "noise multiplier is " + noiseMultiplier + ", must be positive and finite");
        }
        if (!(samplingRate >= 0 && samplingRate <= 1)) {
            throw new IllegalArgumentException("sampling rate is " + samplingRate + ", must be in [0, 1]");
        }
        samplingRate += 0.0; // -0.0 becomes 0.0, so that equal figures are equal events
    }
}
