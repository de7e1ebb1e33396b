package dev.fedlora.lora.model;

import dev.fedlora.lora.tensor.Panel;

/** How the rows of a pass look at each other: within the batch, or at what a cache holds from earlier passes. */
@FunctionalInterface
interface BlockAttention {
    /** Fills {@code at.context} from queries, keys and values, which have their positions already. */
    void mix(int block, PassState pass, DecoderActivations at);

    /** Within each sequence of the batch. */
    static BlockAttention withinBatch(DecoderShape shape) {
        return (block, pass, at) ->
                pass.products.attention(pass.attention(), at.operands(shape), Panel.of(at.context, shape.queryWidth()));
    }
}
