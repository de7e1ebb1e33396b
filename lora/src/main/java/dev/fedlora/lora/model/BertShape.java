package dev.fedlora.lora.model;

/**
 * The numbers that say how large a BERT is.
 *
 * @param blocks at least 1
 * @param width D, a multiple of the heads
 * @param heads H
 * @param feedForward F
 * @param contextLimit rows of the position table that may be used
 * @param vocabulary rows of the token table
 * @param epsilon added to the variance in every LayerNorm
 */
public record BertShape(
        int blocks, int width, int heads, int feedForward, int contextLimit, int vocabulary, float epsilon) {
    /** @throws IllegalArgumentException naming the first number that is out of its range */
    public BertShape {
        require(blocks >= 1, "block_count", blocks, "at least 1");
        require(heads >= 1, "attention.head_count", heads, "at least 1");
        require(width >= 1 && width % heads == 0, "embedding_length", width, "a multiple of the " + heads + " heads");
        require(feedForward >= 1, "feed_forward_length", feedForward, "at least 1");
        require(contextLimit >= 1, "context_length", contextLimit, "at least 1");
        require(vocabulary >= 1, "the vocabulary", vocabulary, "at least 1");
        require(epsilon >= 0 && epsilon < 1, "attention.layer_norm_epsilon", epsilon, "in [0, 1)");
    }

    /** Returns E. */
    public int headWidth() {
        return width / heads;
    }

    private static void require(boolean holds, String what, Number got, String allowed) {
        if (!holds) {
            throw new IllegalArgumentException("bert: %s is %s, must be %s".formatted(what, got, allowed));
        }
    }
}
