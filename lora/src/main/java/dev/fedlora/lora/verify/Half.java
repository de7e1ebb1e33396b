package dev.fedlora.lora.verify;

import java.util.function.Supplier;

/**
 * One factor as it lies in a file.
 *
 * @param name in the file
 * @param tensor GGUF name of the tensor that it adapts
 * @param isA whether it is A, rank × inputs; else B, outputs × rank
 * @param rows as the factor has them
 * @param values reads them; throws IllegalArgumentException where they cannot be
 */
record Half(String name, String tensor, boolean isA, long rows, long columns, Supplier<float[]> values) {
    long rank() {
        return isA ? rows : columns;
    }

    /** Returns inputs of A, outputs of B. */
    long size() {
        return isA ? columns : rows;
    }
}
