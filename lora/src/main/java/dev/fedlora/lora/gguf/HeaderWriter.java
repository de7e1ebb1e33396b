package dev.fedlora.lora.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes the primitive values of a GGUF header, little-endian. */
final class HeaderWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    HeaderWriter i32(int value) {
        return number(value, Integer.BYTES);
    }

    HeaderWriter i64(long value) {
        return number(value, Long.BYTES);
    }

    HeaderWriter string(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        i64(bytes.length);
        out.writeBytes(bytes);
        return this;
    }

    void entry(String key, GgufValue value) {
        string(key);
        if (value instanceof GgufValue.Texts texts) {
            arrayOf(GgufValueType.STRING, texts.values().size());
            texts.values().forEach(this::string);
        } else if (value instanceof GgufValue.Numbers numbers) {
            arrayOf(numbers.type(), numbers.count());
            byte[] elements = new byte[numbers.elements().remaining()];
            numbers.elements().duplicate().get(elements);
            out.writeBytes(elements);
        } else {
            i32(value.type().id());
            single(value);
        }
    }

    ByteBuffer paddedTo(int alignment) {
        while (out.size() % alignment != 0) {
            out.write(0);
        }
        return ByteBuffer.wrap(out.toByteArray());
    }

    private void single(GgufValue value) {
        if (value instanceof GgufValue.Whole whole) {
            number(whole.value(), whole.type().leastBytes());
        } else if (value instanceof GgufValue.Flag flag) {
            number(flag.value() ? 1 : 0, 1);
        } else if (value instanceof GgufValue.Text text) {
            string(text.value());
        } else if (value instanceof GgufValue.Real real && real.type() == GgufValueType.F32) {
            i32(Float.floatToRawIntBits((float) real.value()));
        } else if (value instanceof GgufValue.Real real) {
            i64(Double.doubleToRawLongBits(real.value()));
        } else {
            throw new IllegalStateException("no way to write a " + value.type());
        }
    }

    private void arrayOf(GgufValueType element, int count) {
        i32(GgufValueType.ARRAY.id()).i32(element.id()).i64(count);
    }

    private HeaderWriter number(long value, int bytes) {
        byte[] all = ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
        out.write(all, 0, bytes);
        return this;
    }
}
