package dev.fedlora.lora.tokenizer;

import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/** Turns text into the token ids that a model was trained on, and back. Immutable and thread-safe. */
public interface Tokenizer {
    /**
     * Returns the ids of {@code text} alone: no token is added before or after, and names of special tokens in it are
     * text. Empty for empty text.
     */
    int[] encode(String text);

    /** Returns the ids as the model takes them: with the tokens that it expects around every text, such as [CLS] and [SEP]. */
    int[] encodeWithSpecial(String text);

    /**
     * Returns the ids of the text that {@code parts} make together; special tokens are recognized in markup alone. As
     * {@link #encode(String)} where nothing is markup.
     */
    default int[] encode(List<TextPart> parts) {
        return encode(parts.stream().map(TextPart::text).collect(Collectors.joining()));
    }

    /**
     * Returns the ids of text that goes on after other text, whose ids stay as they are: nothing is put before it, such as
     * the space that some vocabularies put before a text.
     */
    default int[] encodeContinuation(List<TextPart> parts) {
        return encode(parts);
    }

    /**
     * Returns {@code ids} as text; special tokens are left out. What the tokenizer normalizes away (case, accents,
     * spacing) does not come back.
     *
     * @throws IllegalArgumentException when an id is not in the vocabulary
     */
    String decode(int[] ids);

    /**
     * Returns what one token adds to a text, in UTF-8, perhaps a part of a character only; nothing for a special token.
     *
     * @throws IllegalArgumentException when it is not in the vocabulary
     */
    byte[] bytes(int id);

    /**
     * Whether a token is no text, or is one token wherever its text stands: text after it starts anew.
     *
     * @throws IllegalArgumentException when it is not in the vocabulary
     */
    boolean isSpecial(int id);

    /** Returns the number of ids: 0 until this. */
    int vocabularySize();

    /** Returns the token that {@link #encodeWithSpecial} puts before a text, if it does. */
    OptionalInt beginId();

    /** Returns the token that {@link #encodeWithSpecial} puts after a text, if it does. */
    OptionalInt endId();

    /** Returns the token by which a model says that its text ends, if it has one, added by {@link #encodeWithSpecial} or not. */
    default OptionalInt endOfTextId() {
        return endId();
    }

    /** Whether a model that gives this token has said all: the end of the text, of its turn, of a message. */
    default boolean isEnd(int id) {
        OptionalInt end = endOfTextId();
        return end.isPresent() && end.getAsInt() == id;
    }

    /** Returns the token that fills a batch. */
    OptionalInt paddingId();

    /** Returns the token of what the vocabulary cannot say. */
    OptionalInt unknownId();

    /** Returns the token that stands for a hidden one. */
    OptionalInt maskId();
}
