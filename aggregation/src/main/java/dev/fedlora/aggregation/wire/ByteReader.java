package dev.fedlora.aggregation.wire;

import dev.fedlora.aggregation.wire.ProtocolException.Reason;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Reads the canonical form; every length is checked against what is left before anything is allocated. */
final class ByteReader {
    private final ByteBuffer in;

    ByteReader(byte[] message) {
        this.in = ByteBuffer.wrap(message);
    }

    int u8(String field) {
        need(field, 1);
        return in.get() & 0xff;
    }

    int u32(String field) {
        need(field, 4);
        return in.getInt();
    }

    long u64(String field) {
        need(field, 8);
        return in.getLong();
    }

    double f64(String field) {
        return Double.longBitsToDouble(u64(field));
    }

    Bytes fixed(String field, int size) {
        need(field, size);
        byte[] value = new byte[size];
        in.get(value);
        return Bytes.of(value);
    }

    /** Reads text of at most {@code limit} bytes of UTF-8; text that is not UTF-8 is refused, not repaired. */
    String text(String field, int limit) {
        int size = u32(field + " length");
        if (size < 0 || size > limit) {
            throw malformed(field + " must be at most " + limit + " bytes, got " + Integer.toUnsignedString(size));
        }
        need(field, size);
        ByteBuffer utf8 = in.slice(in.position(), size);
        in.position(in.position() + size);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(utf8).toString();
        } catch (CharacterCodingException e) {
            throw new ProtocolException(Reason.MALFORMED, field + " is not UTF-8", e);
        }
    }

    /** Reads a list whose items have at least {@code leastBytes} bytes each. */
    <T> List<T> list(String field, int leastBytes, Function<ByteReader, T> reader) {
        int count = u32(field + " count");
        if (count < 0 || count > in.remaining() / leastBytes) {
            throw malformed("%s count must fit the %d bytes left, got %s"
                    .formatted(field, in.remaining(), Integer.toUnsignedString(count)));
        }
        List<T> items = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            items.add(reader.apply(this));
        }
        return List.copyOf(items);
    }

    void end() {
        if (in.hasRemaining()) {
            throw malformed(in.remaining() + " bytes after the end of the message");
        }
    }

    private void need(String field, int bytes) {
        if (in.remaining() < bytes) {
            throw malformed("message ends in %s: %d bytes needed at offset %d, %d left"
                    .formatted(field, bytes, in.position(), in.remaining()));
        }
    }

    static ProtocolException malformed(String message) {
        return new ProtocolException(Reason.MALFORMED, message);
    }
}
