package dev.fedlora.lora.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The printable character that stands for each byte in a byte-pair vocabulary: itself where it is printable in Latin-1, one
 * from U+0100 on for the others in their order (Radford et al., Language Models are Unsupervised Multitask Learners, 2019).
 */
final class ByteCharacters {
    private static final char[] CHARACTERS = new char[256];
    private static final short[] BYTES = new short[512];
    private static final short NONE = -1;

    static {
        Arrays.fill(BYTES, NONE);
        int next = 256;
        for (int value = 0; value < 256; value++) {
            boolean printable = value >= '!' && value <= '~' || value >= 0xA1 && value != 0xAD;
            CHARACTERS[value] = (char) (printable ? value : next++);
            BYTES[CHARACTERS[value]] = (short) value;
        }
    }

    private ByteCharacters() {}

    static char of(int value) {
        return CHARACTERS[value];
    }

    /** Returns the bytes that a token's characters stand for; a character that stands for none is taken as itself. */
    static byte[] bytes(String token) {
        if (token.chars().anyMatch(character -> byteOf((char) character) == NONE)) {
            return token.getBytes(StandardCharsets.UTF_8);
        }
        byte[] bytes = new byte[token.length()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) byteOf(token.charAt(i));
        }
        return bytes;
    }

    private static short byteOf(char character) {
        return character < BYTES.length ? BYTES[character] : NONE;
    }
}
