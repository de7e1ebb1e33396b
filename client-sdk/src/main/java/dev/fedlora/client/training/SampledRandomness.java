package dev.fedlora.client.training;

import dev.fedlora.lora.train.PrivateRandomness;
import dev.fedlora.privacy.sampler.DiscreteGaussian;
import dev.fedlora.privacy.sampler.PoissonSampler;
import dev.fedlora.privacy.sampler.SecureBits;

/** Private training's randomness, from the privacy module's exact samplers. For one training; not thread-safe. */
public final class SampledRandomness implements PrivateRandomness {
    private final SecureBits bits;

    /** Draws everything from {@code bits}, which nobody else uses. */
    public SampledRandomness(SecureBits bits) {
        this.bits = bits;
    }

    @Override
    public int[] poissonSample(int population, double rate) {
        return new PoissonSampler(rate).sample(population, bits);
    }

    @Override
    public void addDiscreteGaussian(long[] values, long sigma) {
        DiscreteGaussian noise = new DiscreteGaussian(sigma);
        for (int i = 0; i < values.length; i++) {
            values[i] += noise.sample(bits);
        }
    }
}
