package dev.fedlora.lora.tokenizer;

/**
 * A stretch of a text to be tokenized, from a source that is trusted with special tokens or from one that is not.
 *
 * @param text the characters
 * @param markup whether names of special tokens in it are those tokens, as in the frame of a chat template; in what users
 *     wrote they are text
 */
public record TextPart(String text, boolean markup) {
    /** Returns what a user wrote: all of it is text. */
    public static TextPart content(String text) {
        return new TextPart(text, false);
    }

    /** Returns a piece of a template, in which special tokens are written by their names. */
    public static TextPart markup(String text) {
        return new TextPart(text, true);
    }

    /** Says the length alone: texts are never printed. */
    @Override
    public String toString() {
        return "TextPart[" + text.length() + " characters]";
    }
}
