package dev.fedlora.privacy.sampler;

import java.util.Arrays;

/**
 * Poisson sampling: each of a population joins the batch independently with the same probability, so that the size of the
 * batch varies. It is the only kind of sampling whose amplification the accountants grant; shuffled or fixed-size batches
 * are something else. Immutable.
 */
public final class PoissonSampler {
    private final double rate;

    /**
     * @param rate probability for each to join, in [0, 1]; met exactly, to the last bit of the double
     * @throws IllegalArgumentException when it is not in [0, 1]
     */
    public PoissonSampler(double rate) {
        if (!(rate >= 0 && rate <= 1)) {
            throw new IllegalArgumentException("sampling rate is " + rate + ", must be in [0, 1]");
        }
        this.rate = rate;
    }

    /** The sampling rate to account for. */
    public double rate() {
        return rate;
    }

    /**
     * Returns the chosen ones of 0 ... {@code population} - 1 in ascending order; possibly none, possibly all. A training
     * step must be made, and noised, for an empty batch too.
     *
     * @throws IllegalArgumentException when {@code population} is negative
     */
    public int[] sample(int population, SecureBits bits) {
        if (population < 0) {
            throw new IllegalArgumentException("population is " + population + ", must not be negative");
        }
        int[] chosen = new int[population];
        int size = 0;
        for (int i = 0; i < population; i++) {
            if (bits.bernoulli(rate)) {
                chosen[size++] = i;
            }
        }
        return Arrays.copyOf(chosen, size);
    }
}
