package dev.fedlora.lora.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufValue;
import dev.fedlora.lora.gguf.GgufValueType;
import dev.fedlora.lora.gguf.GgufWriter;
import dev.fedlora.lora.testing.TestSubwords;
import dev.fedlora.testkit.Property;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tokenizer metadata that does not serve. */
class TokenizerHostileTest {
    @TempDir
    private Path folder;

    private static TestSubwords sentencePiece() {
        return TestSubwords.sentencePiece("\u2581", "a"); // 261 tokens
    }

    private static TestSubwords bytePairs() {
        return TestSubwords.bytePairs("gpt-2", List.of("a b"), "<end>"); // 258 tokens
    }

    private void assertRefused(TestSubwords vocabulary, String message) throws IOException {
        Path file = folder.resolve("refused.gguf");
        vocabulary.write(file);
        assertRefused(file, message);
    }

    private void assertRefused(GgufWriter writer, String message) throws IOException {
        Path file = folder.resolve("refused.gguf");
        writer.write(file);
        assertRefused(file, message);
    }

    private static void assertRefused(Path file, String message) throws IOException {
        GgufFile model = GgufFile.open(file);
        assertThatThrownBy(() -> Tokenizers.of(model))
                .isInstanceOf(MalformedFileException.class)
                .hasMessageContaining("refused.gguf: ")
                .hasMessageContaining(message);
    }

    @Test
    void of_missingKeys_namesThem() throws IOException {
        assertRefused(
                new GgufWriter().text("tokenizer.ggml.model", "llama"), "has no metadata key tokenizer.ggml.tokens");
        assertRefused(
                new GgufWriter().text("tokenizer.ggml.model", "llama").texts("tokenizer.ggml.tokens", List.of("a")),
                "has no metadata key tokenizer.ggml.scores");
        assertRefused(
                new GgufWriter().text("tokenizer.ggml.model", "gpt2").texts("tokenizer.ggml.tokens", List.of("a")),
                "has no metadata key tokenizer.ggml.merges");
        assertRefused(
                new GgufWriter().text("tokenizer.ggml.model", "t5"),
                "tokenizer.ggml.model is t5, this version knows: bert, gpt2, llama");
        assertRefused(
                new GgufWriter().text("tokenizer.ggml.model", "gpt2").texts("tokenizer.ggml.tokens", List.of()),
                "tokenizer.ggml.tokens is empty");
    }

    @Test
    void of_differentLengths_namesBothNumbers() throws IOException {
        assertRefused(
                sentencePiece().put("tokenizer.ggml.scores", TestSubwords.floats(1, 2, 3)),
                "tokenizer.ggml.scores has 3 entries, tokenizer.ggml.tokens has 261");
        assertRefused(
                sentencePiece().i32s("tokenizer.ggml.token_type", new int[262]),
                "tokenizer.ggml.token_type has 262 entries, tokenizer.ggml.tokens has 261");
        assertRefused(
                bytePairs().i32s("tokenizer.ggml.token_type", new int[0]),
                "tokenizer.ggml.token_type has 0 entries, tokenizer.ggml.tokens has 258");
    }

    @Test
    void of_wrongValues_namesTokenAndKey() throws IOException {
        float[] scores = new float[261];
        scores[7] = Float.NaN;
        assertRefused(
                sentencePiece().put("tokenizer.ggml.scores", TestSubwords.floats(scores)),
                "tokenizer.ggml.scores of token 7 is not a number");
        assertRefused(
                sentencePiece().i32s("tokenizer.ggml.scores", new int[261]),
                "tokenizer.ggml.scores is an array of I32, expected floating-point numbers");
        assertRefused(
                sentencePiece().put("tokenizer.ggml.token_type", TestSubwords.floats(new float[261])),
                "tokenizer.ggml.token_type is an array of F32, expected whole numbers");
        int[] types = new int[261];
        types[9] = 77;
        assertRefused(
                sentencePiece().i32s("tokenizer.ggml.token_type", types),
                "tokenizer.ggml.token_type of token 9 is 77, allowed are 0 to 6 [UNDEFINED, NORMAL");
        types[9] = 1;
        types[260] = 6;
        assertRefused(
                sentencePiece().i32s("tokenizer.ggml.token_type", types),
                "tokenizer.ggml.token_type of token 260 is BYTE, but it is not called <0xXX>");
        assertRefused(sentencePiece().text("tokenizer.ggml.scores", "x"), "tokenizer.ggml.scores is STRING, expected");
    }

    @Test
    void of_idsOutsideTheVocabulary_namesKeyAndRange() throws IOException {
        for (String name : List.of("bos", "eos", "eot", "eom", "unknown", "padding", "mask")) {
            assertRefused(
                    sentencePiece().u32("tokenizer.ggml." + name + "_token_id", 261),
                    "tokenizer.ggml.%s_token_id is 261, the vocabulary has ids 0 to 260".formatted(name));
        }
        assertRefused(
                bytePairs().flag("tokenizer.ggml.add_bos_token", true),
                "tokenizer.ggml.add_bos_token is true, but the file names no such token");
        assertRefused(
                TestSubwords.bytePairs("gpt-2", List.of()).flag("tokenizer.ggml.add_eos_token", true),
                "tokenizer.ggml.add_eos_token is true, but the file names no such token");
    }

    @Test
    void of_mergesThatAreNone_namesTheFirst() throws IOException {
        for (String bad : List.of("", "ab", " ", "a ", " b")) {
            assertRefused(
                    bytePairs().texts("tokenizer.ggml.merges", List.of("a b", bad)),
                    "tokenizer.ggml.merges: merge 1 is not two symbols with a space between");
        }
        assertRefused(bytePairs().text("tokenizer.ggml.pre", "odd"), "tokenizer.ggml.pre is odd, this version knows: ");
    }

    @Test
    void of_emptyAndRepeatedTokens_takesTheFirst() throws IOException {
        Path file = folder.resolve("repeated.gguf");
        GgufWriter writer = new GgufWriter()
                .text("tokenizer.ggml.model", "llama")
                .texts("tokenizer.ggml.tokens", List.of("", "a", "a", "<0x41>"))
                .put("tokenizer.ggml.scores", TestSubwords.floats(0, Float.NEGATIVE_INFINITY, 1, 2));
        writer.write(file);
        Tokenizer tokenizer = Tokenizers.of(GgufFile.open(file));
        assertThat(tokenizer.encodeContinuation(List.of(TextPart.content("aA"))))
                .containsExactly(1, 3);
        assertThat(tokenizer.decode(new int[] {0, 2, 3})).isEqualTo("aA");
    }

    @Test
    void of_arraysOfWrongElements_areRefused() throws IOException {
        GgufValue flags = new GgufValue.Numbers(GgufValueType.BOOL, ByteBuffer.allocate(261));
        assertRefused(sentencePiece().put("tokenizer.ggml.scores", flags), "is an array of BOOL, expected floating");
        assertRefused(sentencePiece().put("tokenizer.ggml.tokens", flags), "tokenizer.ggml.tokens is an array of BOOL");
    }

    /** Real headers with random bytes changed: a tokenizer, whatever its ids, or the documented refusal. */
    @Test
    void of_changedHeadersOfRealFiles_isReadOrRefused() throws IOException {
        mutate(Shared.path("models/stories260K-Q8_0.gguf"), 2000);
        mutate(Shared.path("tokenizer-vectors/ggml-vocab-bert-bge.gguf"), 60);
        mutate(Shared.path("tokenizer-vectors/ggml-vocab-gpt-2.gguf"), 60);
    }

    /** Small files of all kinds, whose every byte is changed in many ways. */
    @Test
    void of_changedSmallFiles_isReadOrRefused() throws IOException {
        Path original = folder.resolve("original.gguf");
        sentencePiece().u32("tokenizer.ggml.bos_token_id", 1).write(original);
        mutate(original, 2000);
        bytePairs().flag("tokenizer.ggml.add_eos_token", true).write(original);
        mutate(original, 2000);
    }

    private void mutate(Path original, int cases) throws IOException {
        byte[] bytes = Files.readAllBytes(original);
        int header = Math.min(bytes.length, header(bytes));
        Path file = folder.resolve("changed.gguf");
        Property.forAll(cases, random -> {
            byte[] changed = bytes.clone();
            for (int i = random.nextInt(1, 5); i > 0; i--) {
                changed[random.nextInt(header)] = (byte) (random.nextInt(3) == 0 ? 0xff : random.nextInt(256));
            }
            try {
                Files.write(file, changed);
                Tokenizer tokenizer = Tokenizers.of(GgufFile.open(file));
                int[] ids = tokenizer.encodeWithSpecial("Once upon a time, \u00fc\u4e2d 12!");
                assertThat(IntStream.of(ids)).allMatch(id -> id >= 0 && id < tokenizer.vocabularySize());
                tokenizer.decode(ids);
            } catch (MalformedFileException refused) {
                assertThat(refused.getMessage()).contains("changed.gguf").hasSizeLessThan(2000);
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        });
    }

    /** Returns about where the metadata of a file ends: what follows its last known key does not matter here. */
    private static int header(byte[] bytes) {
        String text = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
        int end = Math.max(text.lastIndexOf("tokenizer.ggml."), text.lastIndexOf("token_type"));
        return end + 2000;
    }
}
