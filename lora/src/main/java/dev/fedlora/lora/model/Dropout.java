package dev.fedlora.lora.model;

/**
 * Dropout of the values that the LoRA factors read, as PEFT does it: each layer's input with a mask of its own, the frozen
 * product untouched.
 *
 * <pre>
 * x' = mask ∘ x / (1 - rate)       y = x Wᵀ + s (x' Aᵀ) Bᵀ
 * </pre>
 *
 * <p>A value's mask depends on the seed, the block, the layer, the sequence's number within the step, the position and the
 * column alone, so that results are the same whatever the batch is split into and whatever thread computes it.
 *
 * <p>Srivastava et al., Dropout, JMLR 15, 2014. Immutable.
 *
 * @param rate the share of values that is dropped, in [0, 1)
 * @param seed of the step
 * @param firstSequence the number of the batch's first sequence within the step
 */
public record Dropout(float rate, long seed, int firstSequence) {
    /** Nothing is dropped. */
    public static final Dropout NONE = new Dropout(0, 0, 0);

    // SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): the golden ratio's increment and the finalizer's multipliers
    private static final long GAMMA = 0x9e3779b97f4a7c15L;
    private static final long MIX_1 = 0xbf58476d1ce4e5b9L;
    private static final long MIX_2 = 0x94d049bb133111ebL;

    /** @throws IllegalArgumentException when the rate is out of its range */
    public Dropout {
        if (!(rate >= 0 && rate < 1)) {
            throw new IllegalArgumentException("dropout must be in [0, 1), got " + rate);
        }
    }

    /** Says whether anything is dropped. */
    boolean isActive() {
        return rate > 0;
    }

    /** to (R × columns) = x', or to += x' where {@code add}. */
    void apply(Place place, TokenBatch batch, float[] x, float[] to, boolean add) {
        int columns = place.columns;
        float scale = 1 / (1 - rate);
        int threshold = (int) (rate * 0x1p31); // of 31 random bits
        for (int s = 0; s < batch.sequences(); s++) {
            long sequence = mix(mix(mix(seed + GAMMA * (place.block + 1L)) + GAMMA * (place.layer + 1L))
                    + GAMMA * (firstSequence + s + 1L));
            for (int row = batch.start(s); row < batch.start(s + 1); row++) {
                long key = mix(sequence + GAMMA * (row - batch.start(s) + 1L));
                for (int i = 0; i < columns; i++) {
                    int at = row * columns + i;
                    boolean kept = (int) (mix(key + GAMMA * (i + 1L)) >>> 33) >= threshold;
                    float value = kept ? x[at] * scale : 0;
                    to[at] = add ? to[at] + value : value;
                }
            }
        }
    }

    private static long mix(long z) {
        long a = (z ^ z >>> 30) * MIX_1;
        long b = (a ^ a >>> 27) * MIX_2;
        return b ^ b >>> 31;
    }

    /** The input of one layer. */
    record Place(int block, int layer, int columns) {}
}
