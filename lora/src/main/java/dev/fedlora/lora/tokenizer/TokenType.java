package dev.fedlora.lora.tokenizer;

import java.util.Arrays;

/** What kind of token a vocabulary's entry is, in the order of the numbers in a GGUF file. */
enum TokenType {
    /** Of no stated kind: has no text. */
    UNDEFINED,
    /** Text, as the merges make it. */
    NORMAL,
    /** Stands for what the vocabulary cannot say. */
    UNKNOWN,
    /** Structure of a sequence, never text: begin, end, the turns of a chat. */
    CONTROL,
    /** Text that is one token wherever it stands, before any merge. */
    USER_DEFINED,
    /** In the vocabulary, but not used. */
    UNUSED,
    /** One byte, for text that has no other token. */
    BYTE;

    private static final TokenType[] BY_NUMBER = values();

    static TokenType ofNumber(long number) {
        if (number < 0 || number >= BY_NUMBER.length) {
            throw new IllegalArgumentException(
                    "%d, allowed are 0 to %d %s".formatted(number, BY_NUMBER.length - 1, Arrays.asList(BY_NUMBER)));
        }
        return BY_NUMBER[(int) number];
    }

    /** Whether it stands for text that merges may make. */
    boolean isText() {
        return this == NORMAL || this == USER_DEFINED || this == UNUSED;
    }
}
