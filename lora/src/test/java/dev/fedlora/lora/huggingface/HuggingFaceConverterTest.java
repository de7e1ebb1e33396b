package dev.fedlora.lora.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufTensor;
import dev.fedlora.lora.model.BaseModel;
import dev.fedlora.lora.model.BaseModels;
import dev.fedlora.lora.model.NextTokenModel;
import dev.fedlora.lora.quant.Dequantizer;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.tensor.MatrixBackends;
import dev.fedlora.lora.tokenizer.Tokenizers;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HuggingFaceConverterTest {
    @TempDir
    private Path folder;

    private GgufFile converted(Path directory, QuantizationType type) throws IOException {
        Path target = folder.resolve("converted.gguf");
        HuggingFaceConverter.convert(directory, type, target);
        return GgufFile.open(target);
    }

    private ModelDirectory model(String modelClass) {
        return new ModelDirectory(folder.resolve("tiny"), modelClass);
    }

    @Test
    void convert_ofStories_equalsTheFileOfLlamaCpp() throws IOException {
        GgufFile ours = converted(Shared.path("models/hf-stories260K"), QuantizationType.F32);
        GgufFile theirs = GgufFile.open(Shared.path("models/stories260K-f32.gguf"));
        assertThat(ours.tensors()).hasSameSizeAs(theirs.tensors());
        for (GgufTensor tensor : theirs.tensors()) {
            assertThat(ours.tensor(tensor.name()).dimensions())
                    .as(tensor.name())
                    .isEqualTo(tensor.dimensions());
            assertThat(ours.bytes(tensor.name())).as(tensor.name()).isEqualTo(theirs.bytes(tensor.name()));
        }
        theirs.metadata().forEach((key, value) -> {
            if (key.startsWith("llama.") || key.startsWith("tokenizer.")) {
                assertThat(ours.metadata().get(key)).as(key).isEqualTo(value);
            }
        });
    }

    @Test
    void convert_ofStoriesToQ8_equalsLlamaCppsQuantization() throws IOException {
        GgufFile ours = converted(Shared.path("models/hf-stories260K"), QuantizationType.Q8_0);
        GgufFile theirs = GgufFile.open(Shared.path("models/stories260K-Q8_0.gguf"));
        for (GgufTensor tensor : theirs.tensors()) {
            assertThat(ours.tensor(tensor.name()).type()).as(tensor.name()).isEqualTo(tensor.type());
            assertThat(ours.bytes(tensor.name())).as(tensor.name()).isEqualTo(theirs.bytes(tensor.name()));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM"})
    void convert_ofTinyModels_keepsEveryValue(String modelClass) throws IOException {
        ModelDirectory model = model(modelClass);
        GgufFile file = converted(model.write(), QuantizationType.F32);
        String architecture = file.string("general.architecture");
        assertThat(architecture)
                .isEqualTo(
                        modelClass.startsWith("Qwen")
                                ? modelClass.substring(0, 5).toLowerCase()
                                : "llama");
        assertThat(file.tensors()).hasSameSizeAs(model.tensors.keySet());
        assertThat(Dequantizer.all(file.matrix("token_embd.weight")))
                .isEqualTo(model.values("model.embed_tokens.weight"));
        float[] queries = Dequantizer.all(file.matrix("blk.1.attn_q.weight"));
        float[] expected = model.values("model.layers.1.self_attn.q_proj.weight");
        assertThat(queries).isEqualTo(architecture.equals("llama") ? permuted(expected) : expected);
        assertThat(Dequantizer.all(file.matrix("blk.1.ffn_down.weight")))
                .isEqualTo(model.values("model.layers.1.mlp.down_proj.weight"));
        if (architecture.equals("qwen2")) {
            assertThat(file.vector("blk.0.attn_k.bias"))
                    .isEqualTo(model.values("model.layers.0.self_attn.k_proj.bias"));
        }
        if (architecture.equals("qwen3")) {
            assertThat(file.vector("blk.0.attn_k_norm.weight"))
                    .isEqualTo(model.values("model.layers.0.self_attn.k_norm.weight"));
            assertThat(file.integer("qwen3.attention.key_length")).isEqualTo(12);
        }
        assertThat(file.floating(architecture + ".rope.freq_base")).isEqualTo(500000);
        assertThat(file.integer(architecture + ".attention.head_count_kv")).isEqualTo(2);
        assertThat(file.findTensor("output.weight")).isEmpty(); // tied
        assertRuns(file);
    }

    /** The converted file is a model that reads its own vocabulary and gives logits. */
    private static void assertRuns(GgufFile file) throws IOException {
        BaseModel base = BaseModels.of(file);
        int[] tokens = Tokenizers.of(file).encode("hello world");
        assertThat(tokens).isNotEmpty();
        try (NextTokenModel next =
                new NextTokenModel(base.open(MatrixBackends.select("reference").open()))) {
            float[] logits = next.logits(tokens, null);
            assertThat(logits).hasSize(tokens.length * ModelDirectory.VOCABULARY);
            for (float logit : logits) {
                assertThat(logit).isFinite();
            }
        }
    }

    /** Said once more in the words of numpy: reshape(heads, 2, width / 2, columns).swapaxes(1, 2). */
    private static float[] permuted(float[] rows) {
        int heads = ModelDirectory.HEADS;
        int columns = ModelDirectory.WIDTH;
        int half = rows.length / columns / heads / 2;
        float[] swapped = new float[rows.length];
        for (int head = 0; head < heads; head++) {
            for (int part = 0; part < 2; part++) {
                for (int i = 0; i < half; i++) {
                    int from = (head * 2 + part) * half + i;
                    int to = (head * half + i) * 2 + part;
                    System.arraycopy(rows, from * columns, swapped, to * columns, columns);
                }
            }
        }
        return swapped;
    }

    @Test
    void convert_ofALlamaWithBiases_ordersThemAsTheRows() throws IOException {
        ModelDirectory model = model("LlamaForCausalLM");
        float[] bias = new float[ModelDirectory.WIDTH];
        for (int i = 0; i < bias.length; i++) {
            bias[i] = i;
        }
        model.tensors.put("model.layers.0.self_attn.q_proj.bias", new ModelDirectory.Values(bias, bias.length));
        GgufFile file = converted(model.write(), QuantizationType.F16);
        assertThat(file.vector("blk.0.attn_q.bias")).startsWith(0, 4, 1, 5, 2, 6, 3, 7, 8, 12);
    }

    @Test
    void convert_ofShards_isTheSameFile() throws IOException {
        GgufFile one = converted(model("Qwen2ForCausalLM").write(), QuantizationType.Q8_0);
        String expected = one.sha256();
        Files.delete(folder.resolve("tiny/model.safetensors"));
        assertThat(converted(model("Qwen2ForCausalLM").writeShards(), QuantizationType.Q8_0)
                        .sha256())
                .isEqualTo(expected);
    }

    @Test
    void convert_ofBitnet_roundsLayersToThreeValues() throws IOException {
        ModelDirectory model = model("BitnetForCausalLM");
        GgufFile file = converted(model.write(), QuantizationType.F32);
        float[] values = Dequantizer.all(file.matrix("blk.0.ffn_up.weight"));
        float[] before = model.values("model.layers.0.mlp.up_proj.weight");
        double mean = 0;
        for (float value : before) {
            mean += Math.abs(value) / before.length;
        }
        for (int i = 0; i < values.length; i++) {
            assertThat((double) values[i])
                    .isCloseTo(
                            mean * Math.max(-1, Math.min(1, Math.rint(before[i] / mean))),
                            org.assertj.core.api.Assertions.offset(1e-6 * mean));
        }
        assertThat(file.vector("blk.0.ffn_sub_norm.weight", ModelDirectory.INNER))
                .isNotEmpty();
        assertThat(Dequantizer.all(file.matrix("token_embd.weight")))
                .isEqualTo(model.values("model.embed_tokens.weight"));
    }

    /** Numbers of the formula in single precision, by numpy: see the class's source for its steps. */
    @Test
    void convert_ofLlama3_writesRopeFactors() throws IOException {
        ModelDirectory model = model("LlamaForCausalLM");
        model.config
                .putObject("rope_scaling")
                .put("rope_type", "llama3")
                .put("factor", 8.0)
                .put("low_freq_factor", 1.0)
                .put("high_freq_factor", 4.0)
                .put("original_max_position_embeddings", 8192);
        GgufFile file = converted(model.write(), QuantizationType.F32);
        assertRuns(file);
        assertThat(file.vector("rope_freqs.weight", 4)).containsExactly(ROPE_FACTORS_8);
        assertThat(new RopeScaling.Llama3(8, 1, 4, 8192).factors(500000, 64)).containsExactly(ROPE_FACTORS_64);
    }

    private static final float[] ROPE_FACTORS_8 = {1, 1, 2.69453f, 8};
    private static final float[] ROPE_FACTORS_64 = {
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1.5534146f,
        2.69453f,
        5.257327f,
        8,
        8,
        8,
        8,
        8,
        8,
        8,
        8,
        8,
        8,
        8,
        8,
        8,
        8
    };

    @Test
    void convert_ofLinearScaling_writesItsFactor() throws IOException {
        ModelDirectory model = model("LlamaForCausalLM");
        model.config.putObject("rope_scaling").put("type", "linear").put("factor", 4.0);
        GgufFile file = converted(model.write(), QuantizationType.F32);
        assertThat(file.string("llama.rope.scaling.type")).isEqualTo("linear");
        assertThat(file.floating("llama.rope.scaling.factor")).isEqualTo(4);
    }

    @Test
    void convert_ofMistral_limitsTheContextToItsWindow() throws IOException {
        ModelDirectory model = model("MistralForCausalLM");
        model.config.put("sliding_window", 24);
        GgufFile file = converted(model.write(), QuantizationType.F32);
        assertThat(file.integer("llama.attention.sliding_window")).isEqualTo(24);
        assertThat(BaseModels.of(file).contextLimit()).isEqualTo(24);
        model.config.putNull("sliding_window");
        GgufFile whole = converted(model.write(), QuantizationType.F32);
        assertThat(BaseModels.of(whole).contextLimit()).isEqualTo(64);
    }

    /** Qwen's configurations name a length even where no layer has a window. */
    @Test
    void convert_ofQwenWithoutWindow_keepsTheContext() throws IOException {
        ModelDirectory model = model("Qwen2ForCausalLM");
        model.config.put("sliding_window", 24).put("use_sliding_window", false);
        assertThat(BaseModels.of(converted(model.write(), QuantizationType.F32)).contextLimit())
                .isEqualTo(64);
    }

    @Test
    void convert_chatTemplateThatIsNotText_isRefusedByFile() throws IOException {
        Path directory = model("Qwen2ForCausalLM").write();
        Files.write(directory.resolve("chat_template.jinja"), new byte[] {'a', (byte) 0xff});
        assertThatThrownBy(() -> converted(directory, QuantizationType.F32))
                .isInstanceOf(MalformedFileException.class)
                .hasMessageContaining("chat_template.jinja: is not valid UTF-8");
        assertNothingLeft();
    }

    @Test
    void convert_toSuperBlocks_fallsBackWhereRowsAreShort() throws IOException {
        GgufFile file = converted(model("Qwen2ForCausalLM").write(), QuantizationType.Q4_K);
        assertThat(file.tensor("blk.0.ffn_up.weight").type()).isEqualTo(QuantizationType.Q8_0);
        assertThat(file.tensor("blk.0.attn_norm.weight").type()).isEqualTo(QuantizationType.F32);
        GgufFile narrow = converted(model("Qwen3ForCausalLM").write(), QuantizationType.Q8_0);
        assertThat(narrow.tensor("blk.0.attn_output.weight").type()).isEqualTo(QuantizationType.F16); // rows of 48
    }

    @Test
    void convert_vocabulary_writesTokensMergesAndSpecialTokens() throws IOException {
        ModelDirectory model = model("Qwen2ForCausalLM");
        model.settings.put("eos_token", "<|begin|>").put("chat_template", "{{ messages }}");
        GgufFile file = converted(model.write(), QuantizationType.F32);
        assertThat(file.string("tokenizer.ggml.model")).isEqualTo("gpt2");
        assertThat(file.string("tokenizer.ggml.pre")).isEqualTo("qwen2");
        List<String> tokens = file.strings("tokenizer.ggml.tokens");
        assertThat(tokens).hasSize(ModelDirectory.VOCABULARY);
        assertThat(tokens.get('A')).isEqualTo("A");
        assertThat(tokens.subList(256, 264))
                .containsExactly("he", "ll", "hell", "hello", "\u0120w", "<|begin|>", "<tool>", "[PAD263]");
        var types = file.findNumbers("tokenizer.ggml.token_type").orElseThrow();
        assertThat(types.whole(256)).isEqualTo(1);
        assertThat(types.whole(261)).isEqualTo(3);
        assertThat(types.whole(262)).isEqualTo(4);
        assertThat(types.whole(263)).isEqualTo(5);
        assertThat(file.strings("tokenizer.ggml.merges")).isEqualTo(ModelDirectory.MERGES);
        assertThat(file.integer("tokenizer.ggml.bos_token_id")).isEqualTo(3);
        assertThat(file.integer("tokenizer.ggml.eos_token_id")).isEqualTo(261);
        assertThat(file.flag("tokenizer.ggml.add_bos_token")).isFalse();
        assertThat(file.string("tokenizer.chat_template")).isEqualTo("{{ messages }}");
    }

    @Test
    void convert_preTokenizers_areNamedByTheirSteps() throws IOException {
        ModelDirectory model = model("LlamaForCausalLM");
        model.tokenizer.putNull("normalizer");
        model.tokenizer.set("pre_tokenizer", ModelDirectory.byteLevel(true));
        assertThat(pre(model)).isEqualTo("gpt-2");
        ObjectNode sequence = JsonNodeFactory.instance.objectNode().put("type", "Sequence");
        sequence.putArray("pretokenizers")
                .add(JsonNodeFactory.instance.objectNode().put("type", "Digits").put("individual_digits", true))
                .add(ModelDirectory.byteLevel(true));
        model.tokenizer.set("pre_tokenizer", sequence);
        assertThat(pre(model)).isEqualTo("smollm");
        model.tokenizer.set(
                "pre_tokenizer", ModelDirectory.split(ModelDirectory.QWEN2_SPLIT.replace("\\p{N}|", "\\p{N}{1,3}|")));
        ObjectNode template = model.tokenizer.putObject("post_processor").put("type", "Sequence");
        ObjectNode step = template.putArray("processors").addObject().put("type", "TemplateProcessing");
        step.putArray("single").add(special("<|begin|>")).add(JsonNodeFactory.instance.objectNode());
        assertThat(pre(model)).isEqualTo("llama-bpe");
        assertThat(GgufFile.open(folder.resolve("converted.gguf")).flag("tokenizer.ggml.add_bos_token"))
                .isTrue();
        model.tokenizer.set("pre_tokenizer", ModelDirectory.split("\\w+"));
        assertThatThrownBy(() -> pre(model))
                .isInstanceOf(MalformedFileException.class)
                .hasMessageContaining("none of those known here (gpt-2, llama-bpe, qwen2, smollm)")
                .hasMessageContaining("convert the model with llama.cpp");
    }

    private static ObjectNode special(String id) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putObject("SpecialToken").put("id", id);
        return json;
    }

    private String pre(ModelDirectory model) throws IOException {
        return converted(model.write(), QuantizationType.F32).string("tokenizer.ggml.pre");
    }

    @Test
    void convert_modelsThatCannotBe_areRefusedByName() {
        refused(m -> m.config.putArray("architectures").add("BitNetForCausalLM"), "model class \"BitNetForCausalLM\"");
        refused(m -> m.config.remove("architectures"), "architectures names no model class");
        refused(m -> m.config.put("hidden_act", "gelu"), "hidden_act is \"gelu\"");
        refused(m -> m.config.putObject("quantization_config"), "quantized weights cannot be converted");
        refused(m -> m.config.put("use_sliding_window", true), "use_sliding_window");
        refused(
                m -> m.config.put("num_attention_heads", 1 << 20).put("head_dim", 1 << 20),
                "config.json: num_attention_heads is 1048576, times head_dim 1048576 is more than 2147483647");
        refused(m -> m.config.putObject("rope_scaling").put("type", "yarn"), "rope scaling is \"yarn\"");
        refused(m -> m.config.remove("hidden_size"), "has no hidden_size");
        refused(m -> m.config.put("num_hidden_layers", -1), "num_hidden_layers is -1");
        refused(m -> m.config.put("num_hidden_layers", 2_000_000_000), "has no tensor model.layers.2.input_layernorm");
        refused(m -> m.config.put("num_key_value_heads", 3), "4 attention heads cannot share 3 key heads");
        refused(m -> m.config.put("vocab_size", 5_000_000), "has shape [268, 32], config.json means [5000000, 32]");
        refused(m -> m.config.put("tie_word_embeddings", false), "has no tensor lm_head.weight");
        refused(m -> m.config.put("rms_norm_eps", 0), "rms_norm_eps is 0");
        refused(m -> m.put(new SplittableRandom(1), "model.layers.0.mlp.experts.weight", 2), "mlp.experts.weight");
        refused(m -> m.tensors.remove("model.layers.1.mlp.up_proj.weight"), "has no tensor model.layers.1.mlp.up_proj");
        refused(
                m -> m.values("model.norm.weight")[0] = Float.NaN,
                "tensor model.norm.weight, from row 0 on: value 0 is NaN");
        refused(m -> m.tokenizer.putObject("model").put("type", "Unigram"), "no byte-level BPE but \"Unigram\"");
        refused(m -> ((ObjectNode) m.tokenizer.at("/model/vocab")).put("z", 9999), "token \"z\" has id 9999");
        refused(
                m -> ((com.fasterxml.jackson.databind.node.ArrayNode) m.tokenizer.at("/model/merges")).add("abc"),
                "has the merge \"abc\"");
    }

    private void refused(Consumer<ModelDirectory> change, String message) {
        ModelDirectory model = model("Qwen2ForCausalLM");
        change.accept(model);
        Path target = folder.resolve("refused.gguf");
        assertThatThrownBy(() -> HuggingFaceConverter.convert(model.write(), QuantizationType.F32, target))
                .isInstanceOf(MalformedFileException.class)
                .hasMessageContaining(folder.resolve("tiny").toString())
                .hasMessageContaining(message);
        assertNothingLeft();
    }

    private void assertNothingLeft() {
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).allMatch(path -> path.endsWith("tiny"));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @Test
    void convert_indexThatLeadsElsewhere_isRefused() throws IOException {
        Path directory = model("Qwen2ForCausalLM").writeShards();
        Path index = directory.resolve("model.safetensors.index.json");
        String good = Files.readString(index);
        Path target = folder.resolve("refused.gguf");
        for (String[] change : new String[][] {
            {"model-00001-of", "../model-00001-of", "not the name of a .safetensors file here"},
            {"model-00001-of", "model-00007-of", "which is not there"},
            {"model.norm.weight", "model.norm.wait", "does not say that"},
        }) {
            Files.writeString(index, good.replace(change[0], change[1]));
            assertThatThrownBy(() -> HuggingFaceConverter.convert(directory, QuantizationType.F32, target))
                    .isInstanceOf(MalformedFileException.class)
                    .hasMessageContaining(change[2]);
        }
        Files.writeString(
                index,
                good.replaceFirst(
                        "\\{\"weight_map\":\\{", "{\"weight_map\":{\"more\":\"model-00001-of-00002.safetensors\","));
        assertThatThrownBy(() -> HuggingFaceConverter.convert(directory, QuantizationType.F32, target))
                .hasMessageContaining("holds more, which it does not");
        assertNothingLeft();
    }

    @Test
    void convert_folderWithoutParts_saysWhatIsMissing() throws IOException {
        Path target = folder.resolve("refused.gguf");
        Path directory = folder.resolve("tiny");
        Files.createDirectories(directory);
        assertThatThrownBy(() -> HuggingFaceConverter.convert(directory, QuantizationType.F32, target))
                .hasMessageContaining("is not a model directory: it has no config.json");
        Files.write(directory.resolve("config.json"), new byte[] {0, 0, 0, '{', 1, 1, 1, 1}); // UTF-32, but no letter
        assertThatThrownBy(() -> HuggingFaceConverter.convert(directory, QuantizationType.F32, target))
                .hasMessageContaining("config.json: is not valid UTF-8");
        model("Qwen2ForCausalLM").write();
        Files.delete(directory.resolve("tokenizer.json"));
        assertThatThrownBy(() -> HuggingFaceConverter.convert(directory, QuantizationType.F32, target))
                .hasMessageContaining("has no tokenizer: neither tokenizer.model nor tokenizer.json");
        Files.move(directory.resolve("model.safetensors"), directory.resolve("pytorch_model.bin"));
        assertThatThrownBy(() -> HuggingFaceConverter.convert(directory, QuantizationType.F32, target))
                .hasMessageContaining("pickled weights (.bin, .pt) can run code and are never read");
        assertThatThrownBy(() -> HuggingFaceConverter.convert(directory, QuantizationType.TQ1_0, target))
                .hasMessageContaining("type TQ1_0 cannot be written");
        assertNothingLeft();
    }
}
