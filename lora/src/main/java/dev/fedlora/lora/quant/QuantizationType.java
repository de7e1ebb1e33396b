package dev.fedlora.lora.quant;

/**
 * How a tensor's numbers are stored in a GGUF file: ggml's number, values a block, bytes a block.
 *
 * <p>Every type that ggml's model files use is known by name and size, so that any file can be listed; products are
 * computed over those that say {@link #isComputable()}.
 */
public enum QuantizationType {
    F32(0, 1, 4),
    F16(1, 1, 2),
    Q4_0(2, 32, 18),
    Q4_1(3, 32, 20),
    Q5_0(6, 32, 22),
    Q5_1(7, 32, 24),
    Q8_0(8, 32, 34),
    Q2_K(10, 256, 84),
    Q3_K(11, 256, 110),
    Q4_K(12, 256, 144),
    Q5_K(13, 256, 176),
    Q6_K(14, 256, 210),
    Q8_K(15, 256, 292),
    BF16(30, 1, 2),
    TQ1_0(34, 256, 54),
    TQ2_0(35, 256, 66);

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

    /**
     * Says whether this version dequantizes the type; the others can be listed and copied alone. Q8_K is the one: ggml
     * makes it while it multiplies and stores no weights in it.
     */
    public boolean isComputable() {
        return this != Q8_K;
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
