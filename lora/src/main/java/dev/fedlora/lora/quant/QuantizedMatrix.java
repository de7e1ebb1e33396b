package dev.fedlora.lora.quant;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A frozen matrix as it lies in the file: rows × columns, row-major blocks, usually memory-mapped and never copied.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name the tensor's name
 * @param type how the values are stored
 * @param rows outputs N of the linear layer
 * @param columns inputs K of the linear layer, a multiple of the block size
 * @param blocks little-endian bytes of exactly this matrix, position 0
 */
public record QuantizedMatrix(String name, QuantizationType type, int rows, int columns, ByteBuffer blocks) {
    /** @throws IllegalArgumentException when the bytes do not hold exactly rows × columns values */
    public QuantizedMatrix {
        if (rows < 1 || columns < 1 || columns % type.blockSize() != 0) {
            throw new IllegalArgumentException("%s: %d x %d cannot be stored as %s, blocks hold %d values"
                    .formatted(name, rows, columns, type, type.blockSize()));
        }
        if (blocks.remaining() != type.bytes((long) rows * columns)) {
            throw new IllegalArgumentException("%s: %d x %d in %s takes %d bytes, got %d"
                    .formatted(name, rows, columns, type, type.bytes((long) rows * columns), blocks.remaining()));
        }
        blocks = blocks.slice().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Returns the bytes one row takes. */
    public int rowBytes() {
        return (int) type.bytes(columns);
    }
}
