package dev.fedlora.lora.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whole vocabularies that are too large to keep here, each with the ids that another program gave: run
 * {@code .ci/tokenizer-peers FOLDER}, then these tests with {@code -Dfedlora.tokenizerPeers=FOLDER}. The folder has, for each
 * NAME, {@code NAME/tokenizer.json} and {@code NAME/ids.json}, a list of {@code {"text": ..., "ids": [...]}}.
 */
class PeerTokenizersTest {
    @TempDir
    private Path folder;

    @Test
    void encode_llama3_givesTheIdsOfTheOtherProgram() throws IOException {
        assertEqualIds("llama3", "llama-bpe");
    }

    @Test
    void encode_qwen3_givesTheIdsOfTheOtherProgram() throws IOException {
        assertEqualIds("qwen3", "qwen2");
    }

    private void assertEqualIds(String name, String pre) throws IOException {
        String peers = System.getProperty("fedlora.tokenizerPeers");
        if (peers == null) {
            Assumptions.abort("the system property fedlora.tokenizerPeers names no folder of other programs' ids");
        }
        ObjectMapper json = new ObjectMapper();
        Path peer = Path.of(peers, name);
        Tokenizer tokenizer = tokenizer(json.readTree(Files.readAllBytes(peer.resolve("tokenizer.json"))), pre);
        JsonNode texts = json.readTree(Files.readAllBytes(peer.resolve("ids.json")));
        assertThat(texts.size()).isGreaterThan(40);
        for (JsonNode entry : texts) {
            String text = entry.get("text").asText();
            int[] expected = StreamSupport.stream(entry.get("ids").spliterator(), false)
                    .mapToInt(JsonNode::intValue)
                    .toArray();
            assertThat(tokenizer.encode(text)).as(text).isEqualTo(expected);
            assertThat(tokenizer.decode(expected)).isEqualTo(text);
        }
    }

    /** Writes the vocabulary of a tokenizer.json as llama.cpp's converter does, and reads it. */
    private Tokenizer tokenizer(JsonNode json, String pre) throws IOException {
        JsonNode vocabulary = json.get("model").get("vocab");
        JsonNode added = json.get("added_tokens");
        int size = vocabulary.size();
        for (JsonNode token : added) {
            size = Math.max(size, token.get("id").intValue() + 1);
        }
        String[] tokens = new String[size];
        int[] types = new int[size];
        Arrays.fill(types, 1);
        for (var field : vocabulary.properties()) {
            tokens[field.getValue().intValue()] = field.getKey();
        }
        for (JsonNode token : added) {
            int id = token.get("id").intValue();
            tokens[id] = token.get("content").asText();
            types[id] = token.get("special").booleanValue() ? 3 : 4;
        }
        List<String> merges = new ArrayList<>();
        for (JsonNode merge : json.get("model").get("merges")) {
            merges.add(
                    merge.isArray() ? merge.get(0).asText() + " " + merge.get(1).asText() : merge.asText());
        }
        Path file = folder.resolve("vocabulary.gguf");
        new GgufWriter()
                .text("tokenizer.ggml.model", "gpt2")
                .text("tokenizer.ggml.pre", pre)
                .texts("tokenizer.ggml.tokens", List.of(tokens))
                .texts("tokenizer.ggml.merges", merges)
                .i32s("tokenizer.ggml.token_type", types)
                .write(file);
        return Tokenizers.of(GgufFile.open(file));
    }
}
