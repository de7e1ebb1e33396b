package dev.fedlora.lora.tokenizer;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Turns a model's tokens into text as they come: what is not yet a whole character is held back until it is. Bytes that
 * can be no character come as U+FFFD. What it gives goes on after the prompt's text: a space at its start stays.
 *
 * <p>Not thread-safe: one for each text.
 */
public final class StreamingDecoder {
    private final Tokenizer tokenizer;
    private final CharsetDecoder decoder = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private byte[] held = new byte[0];

    /** Decodes the tokens of {@code tokenizer}. */
    public StreamingDecoder(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Returns the characters that are complete with this token; perhaps none.
     *
     * @throws IllegalArgumentException when it is not in the vocabulary; nothing is changed then
     */
    public String accept(int id) {
        return decode(tokenizer.bytes(id), false);
    }

    /** Returns what is still held back, as U+FFFD, and is ready for another text. */
    public String finish() {
        String rest = decode(new byte[0], true);
        decoder.reset();
        return rest;
    }

    private String decode(byte[] bytes, boolean last) {
        ByteBuffer in = ByteBuffer.allocate(held.length + bytes.length)
                .put(held)
                .put(bytes)
                .flip();
        CharBuffer out = CharBuffer.allocate(in.remaining() + 1); // a byte gives at most one char
        decoder.decode(in, out, last);
        if (last) {
            decoder.flush(out);
        }
        held = new byte[in.remaining()];
        in.get(held);
        return out.flip().toString();
    }
}
