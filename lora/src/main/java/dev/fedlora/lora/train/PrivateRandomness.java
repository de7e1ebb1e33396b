package dev.fedlora.lora.train;

/**
 * The randomness that a privacy guarantee rests on; the privacy module supplies it. It must come from a cryptographic
 * generator that nobody else can predict, and be used for one training alone. Called by one thread at a time.
 */
public interface PrivateRandomness {
    /**
     * Draws a Poisson sample.
     *
     * @return in ascending order those of 0 to {@code population} - 1 that were chosen, each independently with probability
     *     {@code rate}
     */
    int[] poissonSample(int population, double rate);

    /**
     * Adds to every value an independent draw from the discrete Gaussian distribution: P(x) proportional to exp(-x² / (2
     * sigma²)) over the integers.
     *
     * @param sigma at least 1
     */
    void addDiscreteGaussian(long[] values, long sigma);
}
