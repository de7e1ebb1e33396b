package dev.fedlora.lora.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufWriter;
import dev.fedlora.lora.testing.TestVocabulary;
import dev.fedlora.testkit.Property;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WordPieceTokenizerTest {
    private static final int UNKNOWN = 1;

    @TempDir
    private Path folder;

    private Tokenizer tokenizer() throws IOException {
        return Tokenizers.of(TestVocabulary.write(
                folder,
                "\u2581un",
                "able",
                "\u2581unable",
                "\u2581e",
                "\u2581[",
                "\u2581cls",
                "\u2581]",
                "\u2581.",
                "\u2581\u4e2d",
                "s"));
    }

    @Test
    void encode_words_takesTheLongestPieceFirst() throws IOException {
        Tokenizer t = tokenizer();
        assertThat(t.encode("unable")).containsExactly(7);
        assertThat(t.encode("un able")).containsExactly(5, UNKNOWN); // "able" goes on, it does not start a word
        assertThat(t.encode("unables")).containsExactly(7, 14);
        assertThat(t.encode("unablex")).containsExactly(UNKNOWN);
        assertThat(t.encode("un.un")).containsExactly(5, 12, 5);
        assertThat(t.encode("UN\tun\u00a0un\u3000un\u2028un")).containsExactly(5, 5, 5, 5, 5);
        assertThat(t.encode("un\u4e2dun")).containsExactly(5, 13, 5);
        assertThat(t.encode("\u00c9 e\u0301 \u00e8")).containsExactly(8, 8, 8); // accents go, composed or not
        assertThat(t.encode("u\u0000n\u200bable\ufffd")).containsExactly(7); // control characters go
        assertThat(t.encode("")).isEmpty();
        assertThat(t.encodeWithSpecial("")).containsExactly(2, 3);
        assertThat(t.encode("e".repeat(101))).containsExactly(UNKNOWN);
    }

    @Test
    void encode_namesOfSpecialTokens_areText() throws IOException {
        assertThat(tokenizer().encode("[CLS]")).containsExactly(9, 10, 11);
    }

    @Test
    void decode_leavesSpecialTokensOut() throws IOException {
        Tokenizer t = tokenizer();
        assertThat(t.decode(t.encodeWithSpecial("unables un"))).isEqualTo("unables un");
        assertThatThrownBy(() -> t.decode(new int[] {15})).hasMessage("token 15 is not in a vocabulary of 15");
        assertThatThrownBy(() -> t.decode(new int[] {-1})).isInstanceOf(IllegalArgumentException.class);
        assertThat(t.vocabularySize()).isEqualTo(15);
        assertThat(t.beginId()).hasValue(2);
        assertThat(t.endId()).hasValue(3);
        assertThat(t.paddingId()).hasValue(0);
        assertThat(t.unknownId()).hasValue(UNKNOWN);
        assertThat(t.maskId()).hasValue(4);
    }

    @Test
    void encode_anyText_givesIdsOfTheVocabulary() throws IOException {
        Tokenizer t = tokenizer();
        Property.forAll(500, random -> {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(40); i > 0; i--) {
                text.append((char) random.nextInt(0x10000)); // lone surrogates too
            }
            assertThat(java.util.Arrays.stream(t.encode(text.toString())).boxed())
                    .allMatch(id -> id >= 0 && id < t.vocabularySize());
        });
    }

    @Test
    void of_vocabulariesThatDoNotServe_areRefusedByKey() throws IOException {
        assertRefused(new GgufWriter(), "has no metadata key tokenizer.ggml.model");
        assertRefused(
                new GgufWriter().text("tokenizer.ggml.model", "t5"), "tokenizer.ggml.model is t5, this version knows");
        assertRefused(bert(), "has no metadata key tokenizer.ggml.tokens");
        assertRefused(bert().texts("tokenizer.ggml.tokens", List.of("a")), "has no [UNK] token");
        assertRefused(
                bert().texts("tokenizer.ggml.tokens", List.of("a")).u32("tokenizer.ggml.unknown_token_id", 1),
                "tokenizer.ggml.unknown_token_id is 1, the vocabulary has ids 0 to 0");
    }

    private static GgufWriter bert() {
        return new GgufWriter().text("tokenizer.ggml.model", "bert");
    }

    private void assertRefused(GgufWriter writer, String message) throws IOException {
        Path file = folder.resolve("refused.gguf");
        writer.write(file);
        GgufFile model = GgufFile.open(file);
        assertThatThrownBy(() -> Tokenizers.of(model))
                .isInstanceOf(MalformedFileException.class)
                .hasMessageContaining("refused.gguf")
                .hasMessageContaining(message);
    }
}
