package dev.fedlora.lora.tensor;

/**
 * Attention of one query row over the keys and values of all positions so far, heads in groups that share a key head.
 *
 * @param keys {@code count} × (keyHeads · headWidth)
 * @param values {@code count} × (keyHeads · headWidth)
 * @param count positions to look at, at least 1
 * @param heads of the query, a multiple of the key heads
 * @param scale the products of query and key are multiplied by this
 */
public record CachedAttention(
        Panel keys, Panel values, int count, int heads, int keyHeads, int headWidth, float scale) {
    /** @throws IllegalArgumentException when the heads do not divide or the positions are not there */
    public CachedAttention {
        if (keyHeads < 1 || heads < 1 || heads % keyHeads != 0) {
            throw new IllegalArgumentException("%d heads cannot share %d key heads".formatted(heads, keyHeads));
        }
        keys.requireHolds("keys of attention", count, keyHeads * headWidth);
        values.requireHolds("values of attention", count, keyHeads * headWidth);
    }
}
