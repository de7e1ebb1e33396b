package dev.fedlora.lora.tokenizer;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;

/** BERT's basic tokenizer for uncased models: normalizes a text and splits it into words and single signs. */
final class BertWords {
    private static final int[][] CJK = { // as in BERT's own code; Hangul, Hiragana and Katakana are not among them
        {0x4E00, 0x9FFF}, {0x3400, 0x4DBF}, {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F},
        {0x2B740, 0x2B81F}, {0x2B820, 0x2CEAF}, {0xF900, 0xFAFF}, {0x2F800, 0x2FA1F}
    };

    private final List<String> words = new ArrayList<>();
    private final StringBuilder word = new StringBuilder();

    private BertWords() {}

    static List<String> split(String text) {
        BertWords splitter = new BertWords();
        text.codePoints().forEach(splitter::accept);
        splitter.endWord();
        return splitter.words;
    }

    private void accept(int character) {
        if (isDropped(character)) {
            return;
        }
        if (isSpace(character)) {
            endWord();
        } else if (isCjk(character)) {
            endWord();
            acceptDecomposed(character);
            endWord();
        } else {
            acceptDecomposed(character);
        }
    }

    private void acceptDecomposed(int character) {
        if (character < 0x80) { // nothing to decompose
            append(character);
            return;
        }
        Normalizer.normalize(Character.toString(character), Normalizer.Form.NFD)
                .codePoints()
                .filter(part -> Character.getType(part) != Character.NON_SPACING_MARK)
                .forEach(this::append);
    }

    private void append(int character) {
        int lower = Character.toLowerCase(character);
        if (isPunctuation(lower)) {
            endWord();
            word.appendCodePoint(lower);
            endWord();
        } else {
            word.appendCodePoint(lower);
        }
    }

    private void endWord() {
        if (!word.isEmpty()) {
            words.add(word.toString());
            word.setLength(0);
        }
    }

    private static boolean isDropped(int character) {
        if (character == '\t' || character == '\n' || character == '\r') {
            return false;
        }
        return switch (Character.getType(character)) {
            case Character.CONTROL, Character.FORMAT, Character.PRIVATE_USE, Character.SURROGATE -> true;
            default -> character == 0xFFFD; // what decoders put for broken input
        };
    }

    private static boolean isSpace(int character) {
        return Character.isWhitespace(character) || Character.isSpaceChar(character);
    }

    private static boolean isCjk(int character) {
        for (int[] range : CJK) {
            if (character >= range[0] && character <= range[1]) {
                return true;
            }
        }
        return false;
    }

    private static boolean isPunctuation(int character) {
        if (character < 0x80) { // BERT counts ASCII's symbols, such as $ and +, as punctuation
            return character > ' ' && character < 0x7F && !Character.isLetterOrDigit(character);
        }
        return switch (Character.getType(character)) {
            case Character.CONNECTOR_PUNCTUATION,
                    Character.DASH_PUNCTUATION,
                    Character.START_PUNCTUATION,
                    Character.END_PUNCTUATION,
                    Character.INITIAL_QUOTE_PUNCTUATION,
                    Character.FINAL_QUOTE_PUNCTUATION,
                    Character.OTHER_PUNCTUATION -> true;
            default -> false;
        };
    }
}
