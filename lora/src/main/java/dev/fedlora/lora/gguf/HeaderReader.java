package dev.fedlora.lora.gguf;

import dev.fedlora.lora.file.MalformedFileException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Reads the primitive values of a GGUF header and refuses every length that the file cannot hold. */
final class HeaderReader {
    private final Path file;
    private final ByteBuffer bytes;

    /** Reads {@code header}, which holds the file's first bytes. */
    HeaderReader(Path file, ByteBuffer header) {
        this.file = file;
        this.bytes = header.order(ByteOrder.LITTLE_ENDIAN);
    }

    int position() {
        return bytes.position();
    }

    byte i8(String what) {
        return need(1, what).get();
    }

    short i16(String what) {
        return need(2, what).getShort();
    }

    int i32(String what) {
        return need(4, what).getInt();
    }

    long i64(String what) {
        return need(8, what).getLong();
    }

    /** Returns a count whose elements, of {@code leastBytes} bytes or more each, fit into what is left. */
    int count(String what, int leastBytes) {
        long count = i64(what);
        if (count < 0 || count > bytes.remaining() / leastBytes) {
            throw malformed(
                    "%s is %s, but %d bytes are left".formatted(what, Long.toUnsignedString(count), bytes.remaining()));
        }
        return (int) count;
    }

    /** Returns a string of valid UTF-8. */
    String string(String what) {
        ByteBuffer text = slice(count("the length of " + what, 1));
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(text).toString();
        } catch (CharacterCodingException notText) {
            throw malformed(what + " is not valid UTF-8");
        }
    }

    /** Returns the next {@code length} bytes, which {@link #count} has checked, and steps over them. */
    ByteBuffer slice(int length) {
        ByteBuffer slice = bytes.slice(bytes.position(), length);
        bytes.position(bytes.position() + length);
        return slice;
    }

    MalformedFileException malformed(String problem) {
        return new MalformedFileException(file, "at byte " + bytes.position() + ": " + problem);
    }

    private ByteBuffer need(int length, String what) {
        if (bytes.remaining() < length) {
            throw malformed("the file ends in the middle of " + what);
        }
        return bytes;
    }
}
