package dev.fedlora.lora.huggingface;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.lora.safetensors.SafetensorsWriter;
import dev.fedlora.testkit.Property;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** A tiny model directory of random weights, as transformers would write it, with a byte-level BPE tokenizer. */
final class ModelDirectory {
    static final int WIDTH = 32;
    static final int HEADS = 4;
    static final int KEY_HEADS = 2;
    static final int INNER = 64;
    static final int BLOCKS = 2;
    static final int ADDED = 2;
    static final List<String> MERGES = List.of("h e", "l l", "he ll", "hell o", "\u0120 w");
    static final int VOCABULARY = 256 + MERGES.size() + ADDED + 5; // five rows of the embedding have no token
    static final String QWEN2_SPLIT =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final ObjectMapper JSON = new ObjectMapper();

    final Path path;
    final ObjectNode config;
    final Map<String, Values> tensors = new LinkedHashMap<>();
    final ObjectNode tokenizer;
    final ObjectNode settings = JsonNodeFactory.instance.objectNode();

    record Values(float[] values, long... shape) {}

    ModelDirectory(Path path, String modelClass) {
        this.path = path;
        this.config = config(modelClass);
        this.tokenizer = tokenizer();
        SplittableRandom random = new SplittableRandom(11);
        put(random, "model.embed_tokens.weight", VOCABULARY, WIDTH);
        put(random, "model.norm.weight", WIDTH);
        int headWidth = config.path("head_dim").asInt(WIDTH / HEADS);
        for (int block = 0; block < BLOCKS; block++) {
            String layer = "model.layers." + block + ".";
            put(random, layer + "input_layernorm.weight", WIDTH);
            put(random, layer + "self_attn.q_proj.weight", HEADS * headWidth, WIDTH);
            put(random, layer + "self_attn.k_proj.weight", KEY_HEADS * headWidth, WIDTH);
            put(random, layer + "self_attn.v_proj.weight", KEY_HEADS * headWidth, WIDTH);
            put(random, layer + "self_attn.o_proj.weight", WIDTH, HEADS * headWidth);
            put(random, layer + "post_attention_layernorm.weight", WIDTH);
            put(random, layer + "mlp.gate_proj.weight", INNER, WIDTH);
            put(random, layer + "mlp.up_proj.weight", INNER, WIDTH);
            put(random, layer + "mlp.down_proj.weight", WIDTH, INNER);
            if (modelClass.startsWith("Qwen2")) {
                put(random, layer + "self_attn.q_proj.bias", HEADS * headWidth);
                put(random, layer + "self_attn.k_proj.bias", KEY_HEADS * headWidth);
                put(random, layer + "self_attn.v_proj.bias", KEY_HEADS * headWidth);
            }
            if (modelClass.startsWith("Qwen3")) {
                put(random, layer + "self_attn.q_norm.weight", headWidth);
                put(random, layer + "self_attn.k_norm.weight", headWidth);
            }
            if (modelClass.startsWith("Bitnet")) {
                put(random, layer + "self_attn.inner_attn_ln.weight", WIDTH);
                put(random, layer + "mlp.ffn_layernorm.weight", INNER);
            }
        }
    }

    void put(SplittableRandom random, String name, long... shape) {
        int count = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        tensors.put(name, new Values(Property.floats(random, count), shape));
    }

    float[] values(String name) {
        Values values = tensors.get(name);
        if (values == null) {
            throw new IllegalArgumentException(name);
        }
        return values.values();
    }

    private static ObjectNode config(String modelClass) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putArray("architectures").add(modelClass);
        json.put("hidden_act", "silu")
                .put("hidden_size", WIDTH)
                .put("intermediate_size", INNER)
                .put("num_attention_heads", HEADS)
                .put("num_key_value_heads", KEY_HEADS)
                .put("num_hidden_layers", BLOCKS)
                .put("max_position_embeddings", 64)
                .put("rms_norm_eps", 1e-6)
                .put("rope_theta", 500000.0)
                .put("tie_word_embeddings", true)
                .put("vocab_size", VOCABULARY)
                .put("bos_token_id", 3)
                .putNull("rope_scaling")
                .putArray("eos_token_id")
                .add(1)
                .add(2);
        if (modelClass.startsWith("Qwen3")) {
            json.put("head_dim", 12);
        }
        return json;
    }

    private static ObjectNode tokenizer() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        ArrayNode added = json.putArray("added_tokens");
        int first = 256 + MERGES.size();
        added.addObject().put("id", first).put("content", "<|begin|>").put("special", true);
        added.addObject().put("id", first + 1).put("content", "<tool>").put("special", false);
        json.putObject("normalizer").put("type", "NFC");
        json.set("pre_tokenizer", split(QWEN2_SPLIT));
        json.putObject("post_processor").put("type", "ByteLevel");
        ObjectNode model = json.putObject("model").put("type", "BPE").put("byte_fallback", false);
        ObjectNode vocabulary = model.putObject("vocab");
        for (int id = 0; id < 256; id++) {
            vocabulary.put(byteText(id), id);
        }
        MERGES.forEach(merge -> vocabulary.put(merge.replace(" ", ""), vocabulary.size()));
        MERGES.forEach(model.putArray("merges")::add);
        return json;
    }

    static ObjectNode split(String regex) {
        ObjectNode sequence = JsonNodeFactory.instance.objectNode().put("type", "Sequence");
        ArrayNode steps = sequence.putArray("pretokenizers");
        steps.addObject()
                .put("type", "Split")
                .put("behavior", "Isolated")
                .put("invert", false)
                .putObject("pattern")
                .put("Regex", regex);
        steps.add(byteLevel(false));
        return sequence;
    }

    static ObjectNode byteLevel(boolean usesRegex) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", usesRegex);
    }

    /** GPT-2's letters for bytes: those that print stand for themselves, the others follow from U+0100 on. */
    private static String byteText(int id) {
        int others = 0;
        for (int b = 0; b < 256; b++) {
            boolean prints = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
            if (b == id) {
                return String.valueOf((char) (prints ? b : 256 + others));
            }
            others += prints ? 0 : 1;
        }
        throw new IllegalArgumentException("no byte " + id);
    }

    /** Writes config, tokenizer and one weight file. */
    Path write() throws IOException {
        writeSettings();
        writer(tensors).write(path.resolve("model.safetensors"));
        return path;
    }

    /** Writes the weights as two shards with an index. */
    Path writeShards() throws IOException {
        writeSettings();
        ObjectNode index = JsonNodeFactory.instance.objectNode();
        ObjectNode map = index.putObject("weight_map");
        List<String> names = List.copyOf(tensors.keySet());
        for (int shard = 0; shard < 2; shard++) {
            Map<String, Values> part = new LinkedHashMap<>();
            String file = "model-0000%d-of-00002.safetensors".formatted(shard + 1);
            for (int i = shard; i < names.size(); i += 2) {
                part.put(names.get(i), tensors.getOrDefault(names.get(i), new Values(new float[0], 0)));
                map.put(names.get(i), file);
            }
            writer(part).write(path.resolve(file));
        }
        Files.write(path.resolve("model.safetensors.index.json"), JSON.writeValueAsBytes(index));
        return path;
    }

    void writeSettings() throws IOException {
        Files.createDirectories(path);
        Files.write(path.resolve("config.json"), JSON.writeValueAsBytes(config));
        Files.write(path.resolve("tokenizer.json"), JSON.writeValueAsBytes(tokenizer));
        Files.write(path.resolve("tokenizer_config.json"), JSON.writeValueAsBytes(settings));
    }

    private static SafetensorsWriter writer(Map<String, Values> tensors) {
        SafetensorsWriter out = new SafetensorsWriter().metadata("format", "pt");
        tensors.forEach((name, values) -> out.tensor(name, values.values(), values.shape()));
        return out;
    }
}
