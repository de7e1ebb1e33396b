package dev.fedlora.lora.safetensors;

import java.util.List;

/**
 * Where a tensor lies in a safetensors file.
 *
 * @param type of the elements, as the file names it, such as {@code F32}
 * @param shape row-major, the row length last; empty for a single number
 * @param begin of its bytes, after the header
 * @param end of its bytes, exclusive
 */
public record SafetensorsTensor(String name, String type, List<Long> shape, long begin, long end) {
    public SafetensorsTensor {
        shape = List.copyOf(shape);
    }
}
