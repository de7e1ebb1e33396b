package dev.fedlora.lora.tokenizer;

/** How a kind of vocabulary cuts text into tokens, and what text a token stands for. Immutable and thread-safe. */
interface Pieces {
    /**
     * Adds the ids of {@code text}, in which every character is text.
     *
     * @param starts whether no text comes right before it: at the start of a sequence, after a special token
     */
    void encode(String text, boolean starts, Ids ids);

    /** Returns the bytes of UTF-8 that token {@code id}, which is not special, stands for; perhaps part of a character. */
    byte[] bytes(int id);

    /** Whether {@link #encode} puts a space before a text that {@code starts}. */
    boolean prefixesSpace();
}
