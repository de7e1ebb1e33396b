package dev.fedlora.lora.quant;

/** How a tensor's numbers are stored in a GGUF file: ggml's number, values a block, bytes a block. */
public enum QuantizationType {
    F32(0, 1, 4),
    F16(1, 1, 2),
    Q4_0(2, 32, 18),
    Q8_0(8, 32, 34);

    private final int ggmlId;
    private final int blockSize;
    private final int blockBytes;

    QuantizationType(int ggmlId, int blockSize, int blockBytes) {
        this.ggmlId = ggmlId;
        this.blockSize = blockSize;
        this.blockBytes = blockBytes;
    }

    /** Returns the number that stands for this type in a GGUF file. */
    public int ggmlId() {
        return ggmlId;
    }

    /** Returns how many values one block holds; a row is a whole number of blocks. */
    public int blockSize() {
        return blockSize;
    }

    /** Returns how many bytes one block takes. */
    public int blockBytes() {
        return blockBytes;
    }

    /** Returns the bytes that {@code values} values take, {@code values} being a multiple of the block size. */
    public long bytes(long values) {
        return values / blockSize * blockBytes;
    }

    /**
     * Returns the type with ggml's number {@code ggmlId}.
     *
     * @throws IllegalArgumentException when this version cannot read that type
     */
    public static QuantizationType of(int ggmlId) {
        for (QuantizationType type : values()) {
            if (type.ggmlId == ggmlId) {
                return type;
            }
        }
        throw new IllegalArgumentException("quantization type " + ggmlId + " is not supported");
    }
}
