package dev.fedlora.lora.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufWriter;
import dev.fedlora.testkit.Property;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The scanned rules against the models' own regular expressions, executed by Java's regex engine. */
class PreTokenizerTest {
    private static final String GPT2 =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
    private static final String LLAMA3 = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
            + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String IDEOGRAPHS = "[\\u4e00-\\u9fa5\\u0800-\\u4e00\\uac00-\\ud7ff&&\\S]+";
    private static final Map<String, List<String>> EXPRESSIONS = Map.of(
            "gpt-2", List.of(GPT2),
            "smollm", List.of("\\p{N}", GPT2),
            "llama-bpe", List.of(LLAMA3),
            "qwen2", List.of(LLAMA3.replace("{1,3}", "")),
            "falcon", List.of("[\\p{P}\\$\\+<=>\\^~\\|`]+", GPT2, "[0-9][0-9][0-9]"),
            "default", List.of("[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]"),
            "deepseek-coder", List.of("[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", IDEOGRAPHS, "\\p{N}"),
            "deepseek-llm",
                    List.of(
                            "[\\r\\n]",
                            "\\s?[A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u03f7-\u0481]+",
                            "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3001-\u3002]+",
                            "\\s+$",
                            IDEOGRAPHS,
                            "\\p{N}+"));

    /** Characters of every class, those that rules name more often than others. */
    private static final int[] ALPHABET = (" '     \n\r\t\u000b\u0085\u00a0\u2003\u3000"
                    + "aBstSTrevVEmlLdD\u00e9\u00df\u0416\u4e2d\u6587\u3042\uac00\u01c5"
                    + "0123456789\u0663\u00bd\u2163"
                    + "!?.,$+<=>^~|`_-\u2019\u201c\uff01\u3002\u20ac\u00a9\u0301\u093f\u200b\ue000\ud83d\ude00")
            .codePoints()
            .toArray();

    @TempDir
    private Path folder;

    private PreTokenizer named(String name) throws IOException {
        new GgufWriter().text("tokenizer.ggml.pre", name).write(folder.resolve("pre.gguf"));
        return PreTokenizer.of(GgufFile.open(folder.resolve("pre.gguf")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"gpt-2", "smollm", "llama-bpe", "qwen2", "falcon", "default", "deepseek-coder", "deepseek-llm"})
    void ends_anyText_areThoseOfTheRegularExpressions(String name) throws IOException {
        PreTokenizer scanned = named(name);
        List<Pattern> patterns = EXPRESSIONS.get(name).stream()
                .map(expression -> Pattern.compile(
                        expression
                                .replace("\\S", "\\P{IsWhite_Space}")
                                .replace("[^\\s\\p{L}", "[^\\p{IsWhite_Space}\\p{L}")
                                .replace("\\s", "\\p{IsWhite_Space}"),
                        Pattern.DOTALL))
                .toList();
        Property.forAll(3000, random -> {
            String text = randomText(random);
            assertThat(words(text, scanned)).as(text).isEqualTo(words(text, patterns));
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"gpt-2", "smollm", "llama-bpe", "qwen2", "falcon", "default", "deepseek-coder", "deepseek-llm"})
    void ends_hostileTexts_looksAtEachCharacterAFewTimes(String name) throws IOException {
        PreTokenizer scanned = named(name);
        List<String> texts = List.of(
                "a".repeat(100_000),
                " ".repeat(100_000),
                " ".repeat(100_000) + "x",
                "\n \t".repeat(30_000),
                " \n".repeat(50_000) + "x",
                "x ".repeat(50_000),
                "x" + " ".repeat(1000).concat("y").repeat(100),
                "'".repeat(100_000),
                "1".repeat(100_000),
                "\u3000\u4e2d".repeat(50_000),
                "!".repeat(50_000) + "\n".repeat(50_000) + "a");
        for (String text : texts) {
            CountedCodePoints counted = new CountedCodePoints(text);
            scanned.ends(counted);
            // a rule looks at a character at most about four times on its own and six times in all over its words;
            // there
            // are at most six rules
            assertThat(counted.looks)
                    .as("%s characters of \"%s\"", text.length(), text.substring(0, 3))
                    .isLessThan(40L * text.length());
        }
    }

    @Test
    void of_unknownName_isRefusedWithTheKnownOnes() {
        assertThatThrownBy(() -> named("tekken"))
                .isInstanceOf(MalformedFileException.class)
                .hasMessageContaining("pre.gguf: tokenizer.ggml.pre is tekken, this version knows: ")
                .hasMessageContaining("default, exaone")
                .hasMessageContaining("llama-bpe");
    }

    private static String randomText(SplittableRandom random) {
        StringBuilder text = new StringBuilder();
        for (int length = random.nextInt(30); length > 0; length--) {
            int character = ALPHABET[random.nextInt(ALPHABET.length)];
            for (int times = random.nextInt(4) == 0 ? random.nextInt(1, 5) : 1; times > 0; times--) {
                text.appendCodePoint(character);
            }
        }
        return text.toString();
    }

    private static List<String> words(String text, PreTokenizer scanned) {
        CodePoints points = new CodePoints(text);
        List<String> words = new ArrayList<>();
        int from = 0;
        for (int to : scanned.ends(points)) {
            words.add(points.text(from, to));
            from = to;
        }
        return words;
    }

    private static List<String> words(String text, List<Pattern> patterns) {
        List<String> words = text.isEmpty() ? List.of() : List.of(text);
        for (Pattern pattern : patterns) {
            words = words.stream()
                    .flatMap(word -> isolate(word, pattern).stream())
                    .toList();
        }
        return words;
    }

    private static List<String> isolate(String word, Pattern pattern) {
        List<String> pieces = new ArrayList<>();
        Matcher matcher = pattern.matcher(word);
        int from = 0;
        while (matcher.find()) {
            pieces.addAll(Arrays.asList(word.substring(from, matcher.start()), matcher.group()));
            from = matcher.end();
        }
        pieces.add(word.substring(from));
        pieces.removeIf(String::isEmpty);
        return pieces;
    }

    /** Counts how often a character is looked at. */
    private static final class CountedCodePoints extends CodePoints {
        private long looks;

        CountedCodePoints(String text) {
            super(text);
        }

        @Override
        int value(int at) {
            looks++;
            return super.value(at);
        }
    }
}
