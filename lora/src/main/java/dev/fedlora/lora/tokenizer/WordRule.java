package dev.fedlora.lora.tokenizer;

/** What of a text one rule of a pre-tokenizer takes as a word of its own. */
@FunctionalInterface
interface WordRule {
    /**
     * Returns where the word that starts at {@code from} ends, {@code from} itself when none starts there.
     *
     * <p>Looks at no more characters than the word has and a few: a text's cost is then in its length, whatever it holds.
     *
     * @param to where the text to be split ends
     */
    int end(CodePoints text, int from, int to);
}
