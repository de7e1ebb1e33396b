package dev.fedlora.lora.model;

/**
 * The numbers that say how large a decoder is.
 *
 * @param blocks at least 1
 * @param width D
 * @param heads of queries and of keys and values
 * @param feedForward F
 * @param contextLimit the longest sequence in tokens
 * @param vocabulary V, rows of the token table
 * @param epsilon added to the mean square in every RMS norm
 */
public record DecoderShape(
        int blocks, int width, Heads heads, int feedForward, int contextLimit, int vocabulary, float epsilon) {
    /** @throws IllegalArgumentException naming the first number that is out of its range */
    public DecoderShape {
        require(blocks >= 1, "block_count", blocks, "at least 1");
        require(width >= 1, "embedding_length", width, "at least 1");
        require(feedForward >= 1, "feed_forward_length", feedForward, "at least 1");
        require(contextLimit >= 1, "context_length", contextLimit, "at least 1");
        require(vocabulary >= 1, "the vocabulary", vocabulary, "at least 1");
        require(epsilon >= 0 && epsilon < 1, "attention.layer_norm_rms_epsilon", epsilon, "in [0, 1)");
    }

    /** Returns H · E, the width of all queries of a row. */
    public int queryWidth() {
        return heads.count * heads.width;
    }

    /** Returns G · E, the width of all keys of a row, and of all values. */
    public int keyWidth() {
        return heads.keyCount * heads.width;
    }

    private static void require(boolean holds, String what, Number got, String allowed) {
        if (!holds) {
            throw new IllegalArgumentException("%s is %s, must be %s".formatted(what, got, allowed));
        }
    }

    /**
     * Heads of attention.
     *
     * @param count H
     * @param keyCount G, a divisor of H; each key head serves H / G heads
     * @param width E
     */
    public record Heads(int count, int keyCount, int width) {
        /** @throws IllegalArgumentException naming the first number that is out of its range */
        public Heads {
            require(count >= 1, "attention.head_count", count, "at least 1");
            require(
                    keyCount >= 1 && count % keyCount == 0,
                    "attention.head_count_kv",
                    keyCount,
                    "a divisor of the " + count + " heads");
            require(
                    width >= 2 && (long) width * count <= Integer.MAX_VALUE,
                    "attention.key_length",
                    width,
                    "at least 2, and of all heads together at most " + Integer.MAX_VALUE);
        }
    }
}
