package dev.fedlora.lora.model;

/** What a {@link ForwardPass} keeps on the way forward for the way back. Results are the same to the bit. */
public enum ActivationPolicy {
    /** What every block computes: the fastest. */
    KEEP,
    /**
     * The input of every block alone; the block is computed again on the way back (Chen et al., Training Deep Nets with
     * Sublinear Memory Cost, 2016, arXiv 1604.06174).
     */
    RECOMPUTE
}
