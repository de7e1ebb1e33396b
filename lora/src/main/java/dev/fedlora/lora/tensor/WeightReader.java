package dev.fedlora.lora.tensor;

import dev.fedlora.lora.quant.QuantizedMatrix;

/**
 * Dequantizes runs of a weight's row into scratch, to the bit as {@link dev.fedlora.lora.quant.Dequantizer} does, and
 * rounds to bfloat16. Holds scratch memory: one thread at a time.
 */
interface WeightReader {
    /**
     * Writes the values of {@code run} to {@code out} from index {@code at} on.
     *
     * @throws IllegalArgumentException when the type cannot be read
     */
    void read(Run run, float[] out, int at);

    /** As {@link #read(Run, float[], int)}, each value rounded to bfloat16: nearest, ties to even. */
    void readBfloat16(Run run, short[] out, int at);

    /** out[at + i] = in[from + i] rounded to bfloat16, nearest, ties to even, for i below {@code count}. */
    void round(float[] in, int from, int count, short[] out, int at);

    /**
     * A part of one row.
     *
     * @param column of the first value, a multiple of the type's block size
     * @param count values, a multiple of the type's block size
     */
    record Run(QuantizedMatrix weight, int row, int column, int count) {
        /** Returns the position of the first byte. */
        int firstByte() {
            return Math.toIntExact(
                    (long) row * weight.rowBytes() + weight.type().bytes(column));
        }

        /** Returns how many bytes hold the values. */
        int bytes() {
            return (int) weight.type().bytes(count);
        }
    }
}
