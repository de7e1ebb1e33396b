package dev.fedlora.lora.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Ids that llama.cpp gave. */
class SubwordTokenizerSharedTest {
    @ParameterizedTest
    @MethodSource("dev.fedlora.lora.tokenizer.LlamaCppVectors#all")
    void encode_textsOfLlamaCppsTests_givesItsIds(LlamaCppVectors vectors) throws IOException {
        Tokenizer tokenizer = Tokenizers.of(GgufFile.open(vectors.vocabulary()));
        assertThat(vectors.texts().size()).isGreaterThan(40);
        for (int i = 0; i < vectors.texts().size(); i++) {
            String text = vectors.texts().get(i);
            int[] ids = tokenizer.encode(text);
            assertThat(ids)
                    .as("%s, text %d: %s", vectors, i, text)
                    .isEqualTo(vectors.ids().get(i));
            if (tokenizer instanceof SubwordTokenizer) {
                assertThat(tokenizer.decode(ids)).isEqualTo(text);
            }
        }
    }

    @Test
    void encode_textsOfStories_givesLlamaCppsIdsAndDecodesToTheText() throws IOException {
        Tokenizer stories = Tokenizers.of(GgufFile.open(Shared.path("models/stories260K-Q8_0.gguf")));
        JsonNode texts = new ObjectMapper()
                .readTree(Shared.path("golden/tokens-stories260K.json").toFile());
        assertThat(texts).hasSize(55);
        for (JsonNode entry : texts) {
            String text = entry.get("text").asText();
            int[] expected = StreamSupport.stream(entry.get("ids").spliterator(), false)
                    .mapToInt(JsonNode::intValue)
                    .toArray();
            assertThat(stories.encode(text)).as(text).isEqualTo(expected);
            assertThat(stories.decode(expected)).isEqualTo(text);
        }
    }
}
