package dev.fedlora.lora.tokenizer;

import static dev.fedlora.lora.tokenizer.Characters.END;
import static dev.fedlora.lora.tokenizer.Characters.LETTER;
import static dev.fedlora.lora.tokenizer.Characters.NUMBER;
import static dev.fedlora.lora.tokenizer.Characters.PUNCTUATION;
import static dev.fedlora.lora.tokenizer.Characters.SPACE;

/**
 * The rules of pre-tokenizers, scanned by hand: the regular expressions of the models, which each rule quotes, overflow the
 * stack or take quadratic time on some texts. {@code \s}, {@code \p{L}} and their like are {@link Characters}' classes.
 */
final class WordRules {
    /** {@code 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+}: GPT-2's. */
    static final WordRule GPT2 = WordRules::gpt2;

    /** {@code [\r\n]}. */
    static final WordRule LINE_END = (text, from, to) -> isLineEnd(text, from, to) ? from + 1 : from;

    /** {@code \p{N}}. */
    static final WordRule DIGIT = (text, from, to) -> text.kind(from, to) == NUMBER ? from + 1 : from;

    /** {@code \p{N}+}. */
    static final WordRule DIGITS = (text, from, to) -> run(text, from, to, NUMBER);

    /** {@code [0-9][0-9][0-9]}. */
    static final WordRule THREE_DIGITS = WordRules::threeDigits;

    /** {@code [\p{P}$+<=>^~|]+}. */
    static final WordRule SIGNS = (text, from, to) -> signs(text, from, to, "$+<=>^~|");

    /** {@code [\p{P}$+<=>^~|`]+}: Falcon's. */
    static final WordRule FALCON_SIGNS = (text, from, to) -> signs(text, from, to, "$+<=>^~|`");

    /** {@code \s?\p{L}+}. */
    static final WordRule SPACED_LETTERS = (text, from, to) -> spaced(text, from, to, LETTER);

    /** {@code \s?\p{P}+}. */
    static final WordRule SPACED_PUNCTUATION = (text, from, to) -> spaced(text, from, to, PUNCTUATION);

    /** {@code \s?[A-Za-z...]+} with the cased letters of many scripts: DeepSeek LLM's. */
    static final WordRule DEEPSEEK_LETTERS = WordRules::deepSeekLetters;

    /** {@code \s?[!-/:-~...]+}: DeepSeek LLM's, which takes Latin letters among the signs. */
    static final WordRule DEEPSEEK_SIGNS = WordRules::deepSeekSigns;

    /** <code>[U+4E00-U+9FA5 U+0800-U+4E00 U+AC00-U+D7FF]+</code>: DeepSeek's. */
    static final WordRule DEEPSEEK_IDEOGRAPHS = WordRules::deepSeekIdeographs;

    /** {@code \s+$}. */
    static final WordRule TRAILING_SPACES = WordRules::trailingSpaces;

    private WordRules() {}

    /**
     * <code>(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|
     * \s+(?!\S)|\s+</code>: that of Llama 3 (3 digits) and Qwen 2 (1 digit).
     */
    static WordRule llama3(int digits) {
        return (text, from, to) -> {
            int contraction = contraction(text, from, to, true);
            if (contraction > from) {
                return contraction;
            }
            byte kind = text.kind(from, to);
            if (kind == LETTER || kind != NUMBER && !isLineEnd(text, from, to) && text.kind(from + 1, to) == LETTER) {
                return run(text, from + 1, to, LETTER);
            }
            if (kind == NUMBER) {
                return run(text, from, Math.min(to, from + digits), NUMBER);
            }
            int sign = text.is(' ', from, to) ? from + 1 : from;
            if (isSign(text.kind(sign, to))) {
                return lineEnds(text, signs(text, sign, to), to);
            }
            return spacesUpToLineEnd(text, from, to);
        };
    }

    private static int gpt2(CodePoints text, int from, int to) {
        int contraction = contraction(text, from, to, false);
        if (contraction > from) {
            return contraction;
        }
        int first = text.is(' ', from, to) ? from + 1 : from;
        byte kind = text.kind(first, to);
        if (kind == LETTER || kind == NUMBER) {
            return run(text, first, to, kind);
        }
        return isSign(kind) ? signs(text, first, to) : spaces(from, run(text, from, to, SPACE), to);
    }

    /** Returns the end of {@code 's}, {@code 're} and their like at {@code from}. */
    private static int contraction(CodePoints text, int from, int to, boolean anyCase) {
        if (!text.is('\'', from, to) || from + 1 >= to) {
            return from;
        }
        int first = lower(text.value(from + 1), anyCase);
        if (first == 's' || first == 't' || first == 'm' || first == 'd') {
            return from + 2;
        }
        int second = from + 2 < to ? lower(text.value(from + 2), anyCase) : 0;
        boolean known = second == 'e' ? first == 'r' || first == 'v' : second == 'l' && first == 'l';
        return known ? from + 3 : from;
    }

    private static int lower(int character, boolean anyCase) {
        return anyCase && character >= 'A' && character <= 'Z' ? character + ('a' - 'A') : character;
    }

    /** {@code \s+(?!\S)|\s+}: leaves the last space to the word after it, unless it is the only one. */
    private static int spaces(int from, int end, int to) {
        return end < to && end - from > 1 ? end - 1 : end;
    }

    /** {@code \s*[\r\n]+|\s+(?!\S)|\s+}. */
    private static int spacesUpToLineEnd(CodePoints text, int from, int to) {
        int end = from;
        int afterLineEnd = from;
        while (text.kind(end, to) == SPACE) {
            if (isLineEnd(text, end, to)) {
                afterLineEnd = end + 1;
            }
            end++;
        }
        return afterLineEnd > from ? afterLineEnd : spaces(from, end, to);
    }

    /** Looks at a row of spaces once, at its first; where the text before ends in one, cutting there changes nothing. */
    private static int trailingSpaces(CodePoints text, int from, int to) {
        if (from > 0 && text.kind(from - 1, to) == SPACE) {
            return from;
        }
        int end = run(text, from, to, SPACE);
        return end == to ? end : from;
    }

    private static int threeDigits(CodePoints text, int from, int to) {
        for (int i = 0; i < 3; i++) {
            if (from + i >= to || text.value(from + i) < '0' || text.value(from + i) > '9') {
                return from;
            }
        }
        return from + 3;
    }

    private static int signs(CodePoints text, int from, int to, String more) {
        int end = from;
        while (text.kind(end, to) == PUNCTUATION || end < to && more.indexOf(text.value(end)) >= 0) {
            end++;
        }
        return end;
    }

    private static int spaced(CodePoints text, int from, int to, byte kind) {
        int first = text.kind(from, to) == SPACE ? from + 1 : from;
        int end = run(text, first, to, kind);
        return end > first ? end : from;
    }

    private static int deepSeekLetters(CodePoints text, int from, int to) {
        int first = text.kind(from, to) == SPACE ? from + 1 : from;
        int end = first;
        while (end < to && Characters.isDeepSeekCased(text.value(end))) {
            end++;
        }
        return end > first ? end : from;
    }

    private static int deepSeekSigns(CodePoints text, int from, int to) {
        int first = text.kind(from, to) == SPACE ? from + 1 : from;
        int end = first;
        while (end < to && isDeepSeekSign(text.value(end))) {
            end++;
        }
        return end > first ? end : from;
    }

    private static boolean isDeepSeekSign(int character) {
        return character >= '!' && character <= '/'
                || character >= ':' && character <= '~'
                || character >= 0xFF01 && character <= 0xFF0F
                || character >= 0xFF1A && character <= 0xFF5E
                || character >= 0x2018 && character <= 0x201F
                || character >= 0x3001 && character <= 0x3002; // U+3000 is a space
    }

    private static int deepSeekIdeographs(CodePoints text, int from, int to) {
        int end = from;
        while (end < to && isDeepSeekIdeograph(text.value(end)) && text.kind(end, to) != SPACE) {
            end++;
        }
        return end;
    }

    private static boolean isDeepSeekIdeograph(int character) {
        return character >= 0x0800 && character <= 0x9FA5 || character >= 0xAC00 && character <= 0xD7FF;
    }

    private static boolean isSign(byte kind) {
        return kind != SPACE && kind != LETTER && kind != NUMBER && kind != END;
    }

    private static int signs(CodePoints text, int from, int to) {
        int end = from;
        while (isSign(text.kind(end, to))) {
            end++;
        }
        return end;
    }

    private static int lineEnds(CodePoints text, int from, int to) {
        int end = from;
        while (isLineEnd(text, end, to)) {
            end++;
        }
        return end;
    }

    private static boolean isLineEnd(CodePoints text, int at, int to) {
        return text.is('\n', at, to) || text.is('\r', at, to);
    }

    private static int run(CodePoints text, int from, int to, byte kind) {
        int end = from;
        while (text.kind(end, to) == kind) {
            end++;
        }
        return end;
    }
}
