package dev.fedlora.lora.gguf;

import dev.fedlora.lora.quant.QuantizationType;
import java.util.List;

/**
 * Where a tensor lies in a GGUF file and how it is stored. Immutable.
 *
 * @param dimensions one to four, the row length first; all at least 1
 * @param offset of its first byte, from the start of the file
 * @param bytes that it takes
 */
public record GgufTensor(String name, QuantizationType type, List<Long> dimensions, long offset, long bytes) {
    public GgufTensor {
        dimensions = List.copyOf(dimensions);
    }

    /** Returns the number of values in a row. */
    public long columns() {
        return dimensions.get(0);
    }

    /** Returns the number of rows: the product of all dimensions but the first. */
    public long rows() {
        return dimensions.stream().skip(1).mapToLong(Long::longValue).reduce(1, (a, b) -> a * b);
    }

    /** Returns the number of values. */
    public long values() {
        return rows() * columns();
    }
}
