package dev.fedlora.lora.quant;

import java.nio.ByteBuffer;

/** Turns the values of one block into its bytes. */
@FunctionalInterface
interface BlockWriter {
    /**
     * Writes the block of the values from index {@code from} on to {@code out}, which is little-endian, and leaves its
     * position behind the block.
     *
     * @throws UnstorableValueException when the block needs a scale that binary16 does not have
     */
    void write(float[] values, int from, ByteBuffer out);
}
