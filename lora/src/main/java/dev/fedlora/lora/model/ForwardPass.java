package dev.fedlora.lora.model;

import dev.fedlora.lora.tensor.MatrixProducts;
import org.jspecify.annotations.Nullable;

/**
 * The working memory of one thread: runs batches through a {@link BaseModel}, forward and back to the adapter.
 *
 * <p>Memory grows with the largest batch seen, as {@link BaseModel#passBytes} says, and is reused. Results depend on the arguments alone, never on earlier batches. Not thread-safe.
 */
public interface ForwardPass extends AutoCloseable {
    /** Returns the model. */
    BaseModel model();

    /**
     * Computes the last hidden states.
     *
     * @param adapter over this pass's model, or null for the base model alone
     * @param forBackward whether {@link #backward} follows, so that the blocks keep what it needs
     * @return R × D in the first values of an array that belongs to this pass and is overwritten by its next call
     * @throws IllegalArgumentException when a sequence is too long or a token is unknown
     */
    default float[] forward(TokenBatch batch, @Nullable BoundAdapter adapter, boolean forBackward) {
        return forward(AdapterRuns.whole(batch, adapter), forBackward);
    }

    /**
     * Computes the last hidden states of sequences that use different adapters. Each sequence's are those of a pass with its
     * adapter alone, but for rounding: to the bit with the reference back end.
     *
     * @param adapters over this pass's model, and the batch
     * @param forBackward whether {@link #backward} follows, so that the blocks keep what it needs
     * @return R × D in the first values of an array that belongs to this pass and is overwritten by its next call
     * @throws IllegalArgumentException when a sequence is too long or a token is unknown
     */
    float[] forward(AdapterRuns adapters, boolean forBackward);

    /**
     * Adds the gradient of the LoRA factors to {@code gradients}, for the batch and adapters of the last forward pass. A
     * sequence without an adapter adds nothing.
     *
     * @param hiddenGradient R × D, the loss's gradient with respect to the last hidden states
     * @param segments which rows add to which accumulator
     * @throws IllegalStateException when the last forward did not keep what is needed, or was followed by a way back
     *     already, or was of another batch
     * @throws IllegalArgumentException when an accumulator is missing, holds another number of values than an adapter trains,
     *     or would take the gradients of sequences with different adapters; nothing is added then
     */
    void backward(float[] hiddenGradient, Segments segments, AdapterGradients gradients);

    /** Sets what is dropped of the values that the LoRA factors read, from the next {@link #forward} on. */
    void setDropout(Dropout dropout);

    /** Returns this pass's products, for what comes after the last block; they are closed with the pass. */
    MatrixProducts products();

    /** Returns the bytes of the arrays that this pass holds on the heap by now; those of its products are not counted. */
    long allocatedBytes();

    /** Frees the memory and the products. */
    @Override
    void close();
}
