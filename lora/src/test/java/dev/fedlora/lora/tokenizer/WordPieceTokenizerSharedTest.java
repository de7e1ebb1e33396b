package dev.fedlora.lora.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/** Ids that other tokenizers gave; BGE's vocabulary is the one of every uncased English BERT, MiniLM included. */
class WordPieceTokenizerSharedTest {
    private static final String SEPARATOR = "\n__ggml_vocab_test__\n";

    private static Tokenizer bert() throws IOException {
        return Tokenizers.of(GgufFile.open(Shared.path("tokenizer-vectors/ggml-vocab-bert-bge.gguf")));
    }

    @Test
    void encode_textsOfLlamaCppsTest_givesItsIds() throws IOException {
        Tokenizer bert = bert();
        String[] texts = Files.readString(Shared.path("tokenizer-vectors/ggml-vocab-bert-bge.gguf.inp"))
                .split(SEPARATOR, -1);
        String[] lines = Files.readString(Shared.path("tokenizer-vectors/ggml-vocab-bert-bge.gguf.out"))
                .split("\n", -1);
        assertThat(texts.length).isGreaterThan(40);
        for (int i = 0; i < texts.length; i++) {
            int[] expected = Arrays.stream(lines[i].strip().split(" "))
                    .filter(id -> !id.isEmpty())
                    .mapToInt(Integer::parseInt)
                    .toArray();
            assertThat(bert.encode(texts[i])).as("text %d", i).isEqualTo(expected);
        }
    }

    @Test
    void encodeWithSpecial_textsOfHuggingFace_givesItsIds() throws IOException {
        Tokenizer bert = bert();
        JsonNode texts = new ObjectMapper()
                .readTree(Shared.path("golden/tokens-minilm.json").toFile());
        assertThat(texts).hasSize(55);
        for (JsonNode text : texts) {
            int[] expected = StreamSupport.stream(text.get("ids").spliterator(), false)
                    .mapToInt(JsonNode::intValue)
                    .toArray();
            assertThat(bert.encodeWithSpecial(text.get("text").asText()))
                    .as(text.get("text").asText())
                    .isEqualTo(expected);
        }
    }

    @Test
    void decode_ofEncoded_givesTheNormalizedText() throws IOException {
        Tokenizer bert = bert();
        assertThat(bert.decode(bert.encodeWithSpecial("Unbelievable tokenization")))
                .isEqualTo("unbelievable tokenization");
    }
}
