package dev.fedlora.lora.tokenizer;

import java.util.Arrays;

/** A growing array of token ids. */
final class Ids {
    private int[] values = new int[64];
    private int size;

    int size() {
        return size;
    }

    void add(int id) {
        if (size == values.length) {
            values = Arrays.copyOf(values, 2 * size);
        }
        values[size++] = id;
    }

    /** Forgets all but the first {@code length}. */
    void cutTo(int length) {
        size = Math.min(size, length);
    }

    int[] toArray() {
        return Arrays.copyOf(values, size);
    }
}
