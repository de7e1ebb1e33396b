package dev.fedlora.privacy.accounting;

/** Which Gaussian noise is added; decides what is proven about it. */
public enum NoiseKind {
    /** Real-valued. Rényi divergence of the sampled mechanism is known at every order above 1. */
    CONTINUOUS,

    /**
     * On the integers ({@code dev.fedlora.privacy.sampler.DiscreteGaussian}). Without sampling, the divergence at every order
     * is at most that of the continuous noise (Canonne, Kamath, Steinke 2020, proposition 5). With Poisson sampling that
     * follows for integer orders, by expanding the power of the mixture into a sum of unsampled terms. At fractional orders
     * no credit is given for sampling: the divergence is taken as that without it, so that they hardly ever decide.
     */
    DISCRETE;

    /** True when the divergence of the sampled mechanism at {@code order} is proven to be at most the continuous one. */
    boolean isProvenAt(double order) {
        return this == CONTINUOUS || order == Math.rint(order);
    }
}
