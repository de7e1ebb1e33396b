package dev.fedlora.lora.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.testing.TestSubwords;
import dev.fedlora.testkit.Property;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SubwordTokenizerTest {
    private static final int PIECE = TestSubwords.FIRST_PIECE;
    private static final int MERGE = TestSubwords.FIRST_MERGE;

    @TempDir
    private Path folder;

    private Tokenizer open(TestSubwords writer) throws IOException {
        writer.write(folder.resolve("model.gguf"));
        return Tokenizers.of(GgufFile.open(folder.resolve("model.gguf")));
    }

    @Test
    void encode_sentencePiece_mergesTheHighestScoreFirstAndTheLeftmostAmongEquals() throws IOException {
        // falling scores: "bc" before "ab"
        Tokenizer tokenizer = open(TestSubwords.sentencePiece("bc", "ab", "a", "b", "c", "\u2581", "aa"));
        assertThat(tokenizer.encode("abc")).containsExactly(PIECE + 5, PIECE + 2, PIECE);
        assertThat(tokenizer.encode("aaa")).containsExactly(PIECE + 5, PIECE + 6, PIECE + 2);
        assertThat(tokenizer.encode("")).isEmpty();
    }

    @Test
    void encode_charactersWithoutToken_areSpelledInBytes() throws IOException {
        Tokenizer tokenizer = open(TestSubwords.sentencePiece("\u2581", "a"));
        assertThat(tokenizer.encode("a\u00fc")).containsExactly(PIECE, PIECE + 1, 3 + 0xC3, 3 + 0xBC);
        assertThat(tokenizer.decode(tokenizer.encode("a\u00fc\ud83d\ude00"))).isEqualTo("a\u00fc\ud83d\ude00");
        assertThat(tokenizer.decode(tokenizer.encode("a\ud83d")))
                .as("half a character")
                .isEqualTo("a\uFFFD");
    }

    @Test
    void encode_spacePrefixOff_addsNone() throws IOException {
        TestSubwords writer = TestSubwords.sentencePiece("\u2581", "a").flag("tokenizer.ggml.add_space_prefix", false);
        Tokenizer tokenizer = open(writer);
        assertThat(tokenizer.encode("a a")).containsExactly(PIECE + 1, PIECE, PIECE + 1);
        assertThat(tokenizer.decode(tokenizer.encode(" a"))).isEqualTo(" a");
    }

    @Test
    void encodeWithSpecial_byTheFilesFlags_addsBeginAndEnd() throws IOException {
        Tokenizer standard = open(TestSubwords.sentencePiece("\u2581", "a"));
        assertThat(standard.encodeWithSpecial("a")).containsExactly(1, PIECE, PIECE + 1);
        assertThat(standard.beginId()).hasValue(1);
        assertThat(standard.endId()).isEmpty();
        assertThat(standard.endOfTextId()).hasValue(2);
        assertThat(standard.unknownId()).hasValue(0);
        assertThat(standard.isEnd(2)).isTrue();
        assertThat(standard.isEnd(1)).isFalse();

        Tokenizer other = open(TestSubwords.sentencePiece("\u2581", "a")
                .flag("tokenizer.ggml.add_bos_token", false)
                .flag("tokenizer.ggml.add_eos_token", true)
                .u32("tokenizer.ggml.padding_token_id", -1));
        assertThat(other.encodeWithSpecial("a")).containsExactly(PIECE, PIECE + 1, 2);
        assertThat(other.paddingId()).isEmpty();
    }

    @Test
    void encode_namesOfSpecialTokens_areTextUnlessInMarkup() throws IOException {
        Tokenizer tokenizer = open(TestSubwords.sentencePiece("\u2581", "<", "s", ">", "<s", "s>"));
        assertThat(tokenizer.encode("<s>"))
                .containsExactly(PIECE, PIECE + 4, PIECE + 3); // never 1, though "<s" ">" is one
        assertThat(tokenizer.encode(List.of(TextPart.markup("<s>s</s>"), TextPart.content("<s>"))))
                .containsExactly(1, PIECE, PIECE + 2, 2, PIECE, PIECE + 4, PIECE + 3);
        assertThat(tokenizer.encodeContinuation(List.of(TextPart.content("s"), TextPart.markup("</s>s"))))
                .containsExactly(PIECE + 2, 2, PIECE, PIECE + 2);
        assertThat(TextPart.content("secret")).hasToString("TextPart[6 characters]");
    }

    @Test
    void encode_userDefinedTokens_areOneTokenWhereverTheyStandAndTheLongestWins() throws IOException {
        TestSubwords writer = TestSubwords.sentencePiece("\u2581", "a", "##", "###");
        int[] types = new int[PIECE + 4];
        java.util.Arrays.fill(types, 1);
        types[0] = 2;
        types[PIECE + 2] = 4;
        types[PIECE + 3] = 4;
        Tokenizer tokenizer = open(writer.i32s("tokenizer.ggml.token_type", types));
        assertThat(tokenizer.encode("a#####a"))
                .containsExactly(PIECE, PIECE + 1, PIECE + 3, PIECE + 2, PIECE, PIECE + 1);
        assertThat(tokenizer.isSpecial(PIECE + 2)).isTrue();
        assertThat(tokenizer.decode(new int[] {PIECE + 2, PIECE + 1})).isEqualTo("##a");
    }

    @Test
    void encode_bytePairs_mergesInTheOrderOfTheMerges() throws IOException {
        Tokenizer tokenizer =
                open(TestSubwords.bytePairs("gpt-2", List.of("b c", "a b", "\u0120 a", "\u0120a bc"), "<end>"));
        assertThat(tokenizer.encode("abc")).containsExactly('a', MERGE);
        assertThat(tokenizer.encode(" abc")).containsExactly(MERGE + 3);
        assertThat(tokenizer.encode("ab ab")).containsExactly(MERGE + 1, ' ', MERGE + 1);
        assertThat(tokenizer.encodeWithSpecial("abc")).as("no begin token").containsExactly('a', MERGE);
        assertThat(tokenizer.endOfTextId()).hasValue(MERGE + 4);
        assertThat(tokenizer.decode(new int[] {MERGE + 3, MERGE + 4, MERGE + 1}))
                .isEqualTo(" abcab");
    }

    @Test
    void encode_wholeWordsOfLlama3_areTheirTokensWhateverTheMerges() throws IOException {
        List<String> merges = List.of("b c", "a bc"); // "abc" is also reached by merges, "ab" is not
        TestSubwords writer = TestSubwords.bytePairs("llama-bpe", merges, "ab");
        int[] types = new int[MERGE + 3];
        java.util.Arrays.fill(types, 1);
        Tokenizer tokenizer = open(writer.i32s("tokenizer.ggml.token_type", types));
        assertThat(tokenizer.encode("ab")).containsExactly(MERGE + 2);
        assertThat(tokenizer.encode("abab")).containsExactly('a', 'b', 'a', 'b');
    }

    @Test
    void decode_anyText_givesItBack() throws IOException {
        Tokenizer sentencePiece =
                open(TestSubwords.sentencePiece("\u2581", "a", "b", "ab", "\u2581a", "\u2581\u2581", "\u00fc"));
        Tokenizer bytePairs = open(TestSubwords.bytePairs("llama-bpe", List.of("a b", "\u0120 a", "\u0120 \u0120")));
        Property.forAll(500, random -> {
            String text = randomText(random);
            for (Tokenizer tokenizer : List.of(sentencePiece, bytePairs)) {
                int[] ids = tokenizer.encode(text);
                assertThat(IntStream.of(ids)).allMatch(id -> id >= 0 && id < tokenizer.vocabularySize());
                assertThat(tokenizer.decode(ids)).isEqualTo(text);
                assertThat(tokenizer.decode(tokenizer.encodeWithSpecial(text))).isEqualTo(text);
            }
        });
    }

    @Test
    void streaming_anyText_givesItInWholeCharacters() throws IOException {
        Tokenizer tokenizer = open(TestSubwords.bytePairs("gpt-2", List.of("a b")));
        Property.forAll(300, random -> {
            String text = randomText(random);
            StreamingDecoder decoder = new StreamingDecoder(tokenizer);
            StringBuilder streamed = new StringBuilder();
            for (int id : tokenizer.encode(text)) {
                String piece = decoder.accept(id);
                assertThat(piece).doesNotContain("\uFFFD");
                streamed.append(piece);
            }
            assertThat(streamed.append(decoder.finish())).hasToString(text);
        });
    }

    @Test
    void streaming_brokenBytes_givesReplacementsAndGoesOn() throws IOException {
        Tokenizer tokenizer = open(TestSubwords.sentencePiece("\u2581", "a"));
        StreamingDecoder decoder = new StreamingDecoder(tokenizer);
        assertThat(decoder.accept(3 + 0xC3)).isEmpty();
        assertThat(decoder.accept(2)).as("the end token is no text").isEmpty();
        assertThat(decoder.accept(PIECE + 1)).isEqualTo("\uFFFDa");
        assertThat(decoder.accept(PIECE)).as("what goes on keeps its space").isEqualTo(" ");
        assertThat(decoder.accept(3 + 0xE2)).isEmpty();
        assertThat(decoder.finish()).isEqualTo("\uFFFD");
        assertThat(decoder.accept(PIECE + 1)).isEqualTo("a");
        assertThatThrownBy(() -> decoder.accept(PIECE + 2)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void decode_idOutsideTheVocabulary_isRefused() throws IOException {
        Tokenizer tokenizer = open(TestSubwords.sentencePiece("\u2581"));
        assertThatThrownBy(() -> tokenizer.decode(new int[] {PIECE + 1}))
                .hasMessage("token 260 is not in a vocabulary of 260");
        assertThatThrownBy(() -> tokenizer.isSpecial(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void encode_hostileTexts_areEncodedAndGivenBack() throws IOException {
        Tokenizer sentencePiece = open(TestSubwords.sentencePiece("\u2581", "a", "aa", "aaaa", "\u2581\u2581"));
        Tokenizer bytePairs = open(TestSubwords.bytePairs("llama-bpe", List.of("a a", "\u0120 \u0120", "aa aa")));
        for (String text :
                List.of("a".repeat(100_000), " ".repeat(1 << 20), "\u00fc".repeat(50_000), "'".repeat(9999))) {
            for (Tokenizer tokenizer : List.of(sentencePiece, bytePairs)) {
                assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
            }
        }
    }

    private static String randomText(SplittableRandom random) {
        int[] alphabet =
                " ab\n'\u00fc\u4e2d\ud83d\ude00\u2581<s>\u0301".codePoints().toArray();
        return IntStream.range(0, random.nextInt(30))
                .map(i -> alphabet[random.nextInt(alphabet.length)])
                .filter(character -> character != '\u2581') // stands for a space: the vocabulary cannot tell them apart
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
