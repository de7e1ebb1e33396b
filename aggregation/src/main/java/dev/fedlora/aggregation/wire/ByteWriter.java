package dev.fedlora.aggregation.wire;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.BiConsumer;

/** Writes the canonical form: big-endian numbers, length-prefixed text and lists. */
final class ByteWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    ByteWriter u8(int value) {
        out.write(value);
        return this;
    }

    ByteWriter u32(int value) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            out.write(value >>> shift);
        }
        return this;
    }

    ByteWriter u64(long value) {
        u32((int) (value >>> 32));
        return u32((int) value);
    }

    ByteWriter f64(double value) {
        return u64(Double.doubleToRawLongBits(value));
    }

    ByteWriter text(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        u32(utf8.length);
        out.writeBytes(utf8);
        return this;
    }

    /** Writes bytes whose number both sides know. */
    ByteWriter fixed(Bytes value) {
        out.writeBytes(value.toArray());
        return this;
    }

    ByteWriter fixed(byte[] value) {
        out.writeBytes(value);
        return this;
    }

    <T> ByteWriter list(List<T> items, BiConsumer<ByteWriter, T> writer) {
        u32(items.size());
        for (T item : items) {
            writer.accept(this, item);
        }
        return this;
    }

    byte[] toArray() {
        return out.toByteArray();
    }
}
