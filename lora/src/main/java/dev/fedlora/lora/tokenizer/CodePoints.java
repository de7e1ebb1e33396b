package dev.fedlora.lora.tokenizer;

/** A text as code points with their classes. Immutable. */
class CodePoints {
    private final int[] values;

    CodePoints(String text) {
        this.values = text.codePoints().toArray();
    }

    int length() {
        return values.length;
    }

    /** Returns the code point at {@code at}. */
    int value(int at) {
        return values[at];
    }

    /** Returns the class of the code point at {@code at}, {@link Characters#END} when that is {@code to} or after it. */
    byte kind(int at, int to) {
        return at < to ? Characters.kind(value(at)) : Characters.END;
    }

    /** Whether the code point at {@code at} is {@code character}; never at {@code to} or after it. */
    boolean is(char character, int at, int to) {
        return at < to && value(at) == character;
    }

    /** Returns the code points from {@code from} to {@code to} as a string. */
    String text(int from, int to) {
        return new String(values, from, to - from);
    }
}
