package dev.fedlora.lora.tokenizer;

/**
 * A stretch of a text without special tokens, or one special token.
 *
 * @param text not empty for text, empty for a token
 * @param token its id, -1 for text
 */
record Fragment(String text, int token) {
    static Fragment ofText(String text) {
        return new Fragment(text, -1);
    }

    static Fragment ofToken(int id) {
        return new Fragment("", id);
    }

    boolean isToken() {
        return token >= 0;
    }
}
