package dev.fedlora.lora.onnx;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The WordPiece vocabulary of a tokenizer.json, written the way llama.cpp's converter writes it. */
final class BertVocabulary {
    private static final String WORD_START = "\u2581";
    private static final int NORMAL = 1; // ggml's numbers of token types
    private static final int CONTROL = 3;
    private static final int UNUSED = 5;

    private final String source;
    private final List<String> tokens;
    private final Set<String> special = new HashSet<>();

    private BertVocabulary(String source, JsonNode json, int rows) {
        this.source = source;
        require(json.at("/model/type").asText().equals("WordPiece"), "model.type", "WordPiece");
        require(json.at("/normalizer/lowercase").asBoolean(), "normalizer.lowercase", "true");
        require(json.at("/model/continuing_subword_prefix").asText().equals("##"), "the piece prefix", "##");
        this.tokens = readTokens(json.at("/model/vocab"), rows);
        for (JsonNode added : json.path("added_tokens")) {
            if (added.path("special").asBoolean()) {
                special.add(added.path("content").asText());
            }
        }
    }

    /**
     * Reads a vocabulary for an embedding of {@code rows} tokens.
     *
     * @throws MalformedFileException when it is not an uncased WordPiece vocabulary, or does not fit the embedding
     */
    static BertVocabulary read(OnnxSource source, int rows) {
        String name = source.name() + "'s tokenizer.json";
        try {
            return new BertVocabulary(name, new ObjectMapper().readTree(source.tokenizer()), rows);
        } catch (JsonProcessingException notJson) {
            throw new MalformedFileException(name, "is not valid JSON: " + notJson.getOriginalMessage(), notJson);
        }
    }

    void writeTo(GgufWriter out, int tokenTypes) {
        int[] types = new int[tokens.size()];
        List<String> pieces = new ArrayList<>();
        for (int id = 0; id < types.length; id++) {
            String token = tokens.get(id);
            types[id] = token.isEmpty() ? UNUSED : special.contains(token) ? CONTROL : NORMAL;
            pieces.add(token.isEmpty() ? "[PAD" + id + "]" : piece(token));
        }
        out.text("tokenizer.ggml.model", "bert")
                .text("tokenizer.ggml.pre", "default")
                .u32("tokenizer.ggml.token_type_count", tokenTypes)
                .texts("tokenizer.ggml.tokens", pieces)
                .i32s("tokenizer.ggml.token_type", types)
                .u32("tokenizer.ggml.bos_token_id", id("[CLS]"))
                .u32("tokenizer.ggml.eos_token_id", id("[SEP]"))
                .u32("tokenizer.ggml.unknown_token_id", id("[UNK]"))
                .u32("tokenizer.ggml.seperator_token_id", id("[SEP]")) // sic: llama.cpp's spelling
                .u32("tokenizer.ggml.padding_token_id", id("[PAD]"))
                .u32("tokenizer.ggml.cls_token_id", id("[CLS]"))
                .u32("tokenizer.ggml.mask_token_id", id("[MASK]"));
    }

    private static String piece(String token) {
        if (token.startsWith("##")) {
            return token.substring(2);
        }
        return token.startsWith("[") && token.endsWith("]") ? token : WORD_START + token;
    }

    private int id(String token) {
        int id = tokens.indexOf(token);
        if (id < 0) {
            throw new MalformedFileException(source, "has no token " + token);
        }
        return id;
    }

    /** Returns the tokens by id; an id without a token has an empty string. */
    private List<String> readTokens(JsonNode vocabulary, int rows) {
        require(vocabulary.isObject() && !vocabulary.isEmpty(), "model.vocab", "an object of tokens and ids");
        List<String> byId = new ArrayList<>(Collections.nCopies(rows, ""));
        for (Map.Entry<String, JsonNode> entry : vocabulary.properties()) {
            int id = entry.getValue().isInt() ? entry.getValue().intValue() : -1;
            if (id < 0 || id >= rows) {
                throw new MalformedFileException(
                        source,
                        "a token has id %s, the embedding has ids 0 to %d".formatted(entry.getValue(), rows - 1));
            }
            if (entry.getKey().isEmpty() || !byId.set(id, entry.getKey()).isEmpty()) {
                throw new MalformedFileException(source, "id %d has an empty token, or two".formatted(id));
            }
        }
        return byId;
    }

    private void require(boolean holds, String what, String allowed) {
        if (!holds) {
            throw new MalformedFileException(
                    source, "%s is not %s, which is all that can be converted".formatted(what, allowed));
        }
    }
}
