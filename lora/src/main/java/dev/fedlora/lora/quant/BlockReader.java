package dev.fedlora.lora.quant;

import java.nio.ByteBuffer;

/** Turns one stored block into numbers; the plain definition of a block type. */
@FunctionalInterface
interface BlockReader {
    /** Reads the block that starts at byte {@code block} of {@code in} and writes its values to {@code out} from {@code at}. */
    void read(ByteBuffer in, int block, float[] out, int at);
}
