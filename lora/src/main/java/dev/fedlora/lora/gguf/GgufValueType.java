package dev.fedlora.lora.gguf;

/** The type of a metadata value, or of an array's elements: its number in the file and its bytes. */
public enum GgufValueType {
    U8(1),
    I8(1),
    U16(2),
    I16(2),
    U32(4),
    I32(4),
    F32(4),
    BOOL(1),
    STRING(8),
    ARRAY(12),
    U64(8),
    I64(8),
    F64(8);

    private final int leastBytes;

    GgufValueType(int leastBytes) {
        this.leastBytes = leastBytes;
    }

    /** Returns the number that stands for this type in a file. */
    public int id() {
        return ordinal(); // declared in the file format's order
    }

    /** Returns the bytes of one value; of a string or an array, the bytes of an empty one. */
    public int leastBytes() {
        return leastBytes;
    }

    boolean isWhole() {
        return this != F32 && this != F64 && this != BOOL && this != STRING && this != ARRAY;
    }

    boolean isReal() {
        return this == F32 || this == F64;
    }
}
