package dev.fedlora.lora.tokenizer;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The classes of characters by which texts are split into words: those of Unicode 15.1, whatever Java's own version of
 * Unicode is, since all clients must agree on the tokens of a text.
 */
final class Characters {
    static final byte OTHER = 0;
    static final byte LETTER = 1;
    static final byte NUMBER = 2;
    static final byte MARK = 3;
    static final byte PUNCTUATION = 4;
    static final byte SYMBOL = 5;
    static final byte SPACE = 6;
    /** Past the end of the text. */
    static final byte END = 7;

    private static final String RESOURCE = "characters.txt";
    private static final List<String> NAMES =
            List.of("other", "letter", "number", "mark", "punctuation", "symbol", "space");
    private static final Map<String, List<int[]>> RANGES = read();

    /** The characters in which nearly all text is written; the rest is looked up. */
    private static final byte[] FIRST = new byte[0x20000];

    private static final List<int[]> ABOVE = new ArrayList<>();
    private static final List<int[]> DEEPSEEK_CASED = Objects.requireNonNull(RANGES.get("deepseek-cased"));

    static {
        for (byte kind = LETTER; kind <= SPACE; kind++) {
            for (int[] range : Objects.requireNonNull(RANGES.get(NAMES.get(kind)))) {
                for (int character = range[0]; character <= range[1] && character < FIRST.length; character++) {
                    FIRST[character] = kind;
                }
                if (range[1] >= FIRST.length) {
                    ABOVE.add(new int[] {range[0], range[1], kind});
                }
            }
        }
    }

    private Characters() {}

    /** Returns the class of a code point. */
    static byte kind(int character) {
        if (character < FIRST.length) {
            return FIRST[character];
        }
        for (int[] range : ABOVE) { // ideographs and few others
            if (character >= range[0] && character <= range[1]) {
                return (byte) range[2];
            }
        }
        return OTHER;
    }

    /** Whether DeepSeek LLM counts it among the cased letters. */
    static boolean isDeepSeekCased(int character) {
        for (int[] range : DEEPSEEK_CASED) {
            if (character <= range[1]) {
                return character >= range[0];
            }
        }
        return false;
    }

    private static Map<String, List<int[]>> read() {
        Map<String, List<int[]>> ranges = new HashMap<>();
        try (InputStream in = Objects.requireNonNull(Characters.class.getResourceAsStream(RESOURCE), RESOURCE);
                BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.startsWith("#")) {
                    String[] words = line.split(" ");
                    List<int[]> kind = ranges.computeIfAbsent(words[0], name -> new ArrayList<>());
                    for (int i = 1; i < words.length; i++) {
                        kind.add(range(words[i]));
                    }
                }
            }
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
        return ranges;
    }

    private static int[] range(String text) {
        int dash = text.indexOf('-');
        int first = Integer.parseInt(dash < 0 ? text : text.substring(0, dash), 16);
        return new int[] {first, dash < 0 ? first : Integer.parseInt(text.substring(dash + 1), 16)};
    }
}
