package dev.fedlora.lora.gguf;

import java.util.Arrays;
import java.util.Optional;

/** The type of a metadata value, or of an array's elements: its number in the file and its bytes. */
public enum GgufValueType {
    U8(0, 1),
    I8(1, 1),
    U16(2, 2),
    I16(3, 2),
    U32(4, 4),
    I32(5, 4),
    F32(6, 4),
    BOOL(7, 1),
    STRING(8, 8),
    ARRAY(9, 12),
    U64(10, 8),
    I64(11, 8),
    F64(12, 8);

    private final int id;
    private final int leastBytes;

    GgufValueType(int id, int leastBytes) {
        this.id = id;
        this.leastBytes = leastBytes;
    }

    /** Returns the number that stands for this type in a file. */
    public int id() {
        return id;
    }

    /** Returns the bytes of one value; of a string or an array, the bytes of an empty one. */
    public int leastBytes() {
        return leastBytes;
    }

    /** Returns the type with the number {@code id}, if there is one. */
    static Optional<GgufValueType> of(int id) {
        return Arrays.stream(values()).filter(type -> type.id == id).findFirst();
    }
}
