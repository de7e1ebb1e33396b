package dev.fedlora.lora.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CharactersTest {
    /** Java's own tables are another reading of the same database; they know fewer or more characters by Java's version. */
    @Test
    void kind_everyCharacterThatJavaKnowsToo_isOfJavasCategory() {
        List<String> different = new ArrayList<>();
        for (int character = 0; character <= Character.MAX_CODE_POINT; character++) {
            byte expected = javas(character);
            byte kind = Characters.kind(character);
            if (Character.getType(character) != Character.UNASSIGNED && kind != expected && kind != Characters.OTHER) {
                different.add(Integer.toHexString(character));
            }
            if (Character.getType(character) != Character.UNASSIGNED
                    && kind == Characters.OTHER
                    && expected != Characters.OTHER
                    && isOld(character)) {
                different.add(Integer.toHexString(character));
            }
        }
        // the first two changed between Unicode 13 and 15.1, the others came with 16, which newer Javas know
        assertThat(different).isSubsetOf("19da", "1734", "897", "1b4e", "1b4f", "1b7f", "1c89", "1c8a");
    }

    @Test
    void kind_charactersNewerThanJava17_isKnown() {
        assertThat(Characters.kind(0x2EBF0)).isEqualTo(Characters.LETTER); // Unicode 15.1
        assertThat(Characters.kind(0x1DF00)).isEqualTo(Characters.LETTER); // 14
        assertThat(Characters.kind(0x11F50)).isEqualTo(Characters.NUMBER); // 15
        assertThat(Characters.kind(0x2FFC)).isEqualTo(Characters.SYMBOL); // 15.1
        assertThat(Characters.kind(0x0B)).isEqualTo(Characters.SPACE);
        assertThat(Characters.kind(0x200B)).isEqualTo(Characters.OTHER);
        assertThat(Characters.kind(Character.MAX_CODE_POINT)).isEqualTo(Characters.OTHER);
    }

    /** Whether it is in Unicode 13, which Java 17 has: later Javas know characters that 15.1 has not. */
    private static boolean isOld(int character) {
        return Runtime.version().feature() <= 21 || character < 0x2000;
    }

    private static byte javas(int character) {
        if (character == ' ' || character >= 9 && character <= 13 || character == 0x85) {
            return Characters.SPACE;
        }
        return switch (Character.getType(character)) {
            case Character.UPPERCASE_LETTER,
                    Character.LOWERCASE_LETTER,
                    Character.TITLECASE_LETTER,
                    Character.MODIFIER_LETTER,
                    Character.OTHER_LETTER -> Characters.LETTER;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> Characters.NUMBER;
            case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK ->
                Characters.MARK;
            case Character.CONNECTOR_PUNCTUATION,
                    Character.DASH_PUNCTUATION,
                    Character.START_PUNCTUATION,
                    Character.END_PUNCTUATION,
                    Character.INITIAL_QUOTE_PUNCTUATION,
                    Character.FINAL_QUOTE_PUNCTUATION,
                    Character.OTHER_PUNCTUATION -> Characters.PUNCTUATION;
            case Character.MATH_SYMBOL, Character.CURRENCY_SYMBOL, Character.MODIFIER_SYMBOL, Character.OTHER_SYMBOL ->
                Characters.SYMBOL;
            case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> Characters.SPACE;
            default -> Characters.OTHER;
        };
    }
}
