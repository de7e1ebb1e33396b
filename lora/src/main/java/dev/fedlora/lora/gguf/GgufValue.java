package dev.fedlora.lora.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** One metadata value. Immutable and thread-safe. */
public sealed interface GgufValue {
    /** Returns the type that is written in the file; of an array, the type of its elements. */
    GgufValueType type();

    /**
     * A whole number of any width.
     *
     * @param value the number; of an U64 above the largest {@code long}, its bits
     */
    record Whole(GgufValueType type, long value) implements GgufValue {}

    /** A floating-point number. */
    record Real(GgufValueType type, double value) implements GgufValue {}

    /** A truth value. */
    record Flag(boolean value) implements GgufValue {
        @Override
        public GgufValueType type() {
            return GgufValueType.BOOL;
        }
    }

    /** A string. */
    record Text(String value) implements GgufValue {
        @Override
        public GgufValueType type() {
            return GgufValueType.STRING;
        }
    }

    /** An array of strings. */
    record Texts(List<String> values) implements GgufValue {
        public Texts {
            values = List.copyOf(values);
        }

        @Override
        public GgufValueType type() {
            return GgufValueType.STRING;
        }
    }

    /**
     * An array of numbers or truth values, as it lies in the file.
     *
     * @param type of the elements
     * @param elements little-endian bytes
     */
    record Numbers(GgufValueType type, ByteBuffer elements) implements GgufValue {
        public Numbers {
            elements = elements.slice().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
        }

        /** Returns the number of elements. */
        public int count() {
            return elements.remaining() / type.leastBytes();
        }

        /** Returns element {@code index} of whole numbers or truth values (0 or 1). */
        public long whole(int index) {
            return switch (type) {
                case U8, BOOL -> elements.get(index) & 0xff;
                case I8 -> elements.get(index);
                case U16 -> elements.getShort(2 * index) & 0xffff;
                case I16 -> elements.getShort(2 * index);
                case U32 -> elements.getInt(4 * index) & 0xffffffffL;
                case I32 -> elements.getInt(4 * index);
                case U64, I64 -> elements.getLong(8 * index);
                case F32, F64, STRING, ARRAY -> throw new IllegalStateException(type + " is not a whole number");
            };
        }

        /** Returns element {@code index} of floating-point numbers. */
        public double real(int index) {
            return switch (type) {
                case F32 -> elements.getFloat(4 * index);
                case F64 -> elements.getDouble(8 * index);
                case U8, I8, U16, I16, U32, I32, U64, I64, BOOL, STRING, ARRAY ->
                    throw new IllegalStateException(type + " is not a floating-point number");
            };
        }
    }
}
