package dev.fedlora.lora.tokenizer;

import java.util.OptionalInt;

/** Turns text into the token ids that a model was trained on, and back. Immutable and thread-safe. */
public interface Tokenizer {
    /** Returns the ids of {@code text} alone: no token is added before or after. Empty for empty text. */
    int[] encode(String text);

    /** Returns the ids as the model takes them: with the tokens that it expects around every text, such as [CLS] and [SEP]. */
    int[] encodeWithSpecial(String text);

    /**
     * Returns {@code ids} as text; special tokens are left out. What the tokenizer normalizes away (case, accents,
     * spacing) does not come back.
     *
     * @throws IllegalArgumentException when an id is not in the vocabulary
     */
    String decode(int[] ids);

    /** Returns the number of ids: 0 until this. */
    int vocabularySize();

    /** Returns the token that comes before a text, if the model expects one. */
    OptionalInt beginId();

    /** Returns the token that comes after a text, if the model expects one. */
    OptionalInt endId();

    /** Returns the token that fills a batch. */
    OptionalInt paddingId();

    /** Returns the token of what the vocabulary cannot say. */
    OptionalInt unknownId();

    /** Returns the token that stands for a hidden one. */
    OptionalInt maskId();
}
