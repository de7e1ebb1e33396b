package dev.fedlora.lora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufTensor;
import dev.fedlora.lora.gguf.GgufValue;
import dev.fedlora.lora.gguf.GgufValueType;
import dev.fedlora.lora.gguf.GgufWriter;
import dev.fedlora.lora.tensor.MatrixBackends;
import dev.fedlora.testkit.Property;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Files that hold no decoder that can be run, and texts that do not fit one. */
class DecoderRefusalTest {
    @TempDir
    private Path folder;

    /** Returns {@code tiny} with metadata changed or, where the new value is null, removed. */
    private GgufFile changed(TinyDecoder tiny, Map<String, GgufValue> changes, Predicate<String> keptTensors)
            throws IOException {
        GgufFile file = tiny.write(folder);
        Map<String, GgufValue> metadata = new LinkedHashMap<>(file.metadata());
        metadata.putAll(changes);
        GgufWriter out = new GgufWriter();
        metadata.forEach((key, value) -> {
            if (!value.equals(REMOVED)) {
                out.put(key, value);
            }
        });
        for (GgufTensor tensor : file.tensors()) {
            if (keptTensors.test(tensor.name())) {
                out.tensor(tensor.name(), tensor.type(), tensor.dimensions(), () -> file.bytes(tensor.name()));
            }
        }
        Path changed = folder.resolve("changed.gguf");
        out.write(changed);
        return GgufFile.open(changed);
    }

    private static final GgufValue REMOVED = new GgufValue.Text("removed");

    private void assertRefused(TinyDecoder tiny, String key, GgufValue value, String message) throws IOException {
        GgufFile file = changed(tiny, Map.of(key, value), name -> true);
        assertThatThrownBy(() -> BaseModels.of(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("changed.gguf")
                .hasMessageContaining(message);
    }

    private static GgufValue whole(long value) {
        return new GgufValue.Whole(GgufValueType.U32, value);
    }

    private static GgufValue real(double value) {
        return new GgufValue.Real(GgufValueType.F32, value);
    }

    @Test
    void of_unknownArchitecture_isRefusedWithTheListOfKnownOnes() throws IOException {
        assertRefused(
                TinyDecoder.LLAMA,
                "general.architecture",
                new GgufValue.Text("mamba"),
                "holds a model of architecture 'mamba', this version runs [bert, llama, qwen2, qwen3, bitnet]");
        GgufFile mamba =
                changed(TinyDecoder.LLAMA, Map.of("general.architecture", new GgufValue.Text("mamba")), name -> true);
        assertThatThrownBy(() -> DecoderModel.of(mamba)).hasMessageContaining("'mamba', not a decoder");
    }

    @ParameterizedTest
    @CsvSource({
        "llama.attention.head_count, 5, 'llama.embedding_length is 16, must be a multiple of the 5 heads'",
        "llama.attention.head_count_kv, 3, 'attention.head_count_kv is 3, must be a divisor of the 4 heads'",
        "llama.attention.head_count_kv, 0, 'llama.attention.head_count_kv is 0, allowed are 1'",
        "llama.attention.head_count, 0, 'llama.attention.head_count is 0'",
        "llama.attention.value_length, 8, 'takes values as wide as keys, 4'",
        "llama.attention.key_length, 2000000000, 'of all heads together at most'",
        "llama.block_count, 0, 'llama.block_count is 0'",
        "llama.block_count, 3, 'has no tensor blk.2.attn_norm.weight'",
        "llama.block_count, 1, 'holds 9 tensors that a model of architecture ''llama'' with 1 blocks does not use, the first: blk.1.attn_k.weight'",
        "llama.block_count, 4294967295, 'llama.block_count is 4294967295'",
        "llama.embedding_length, 20, 'token_embd.weight has dimensions [16, 13], expected [20, 13]'",
        "llama.feed_forward_length, 12, 'ffn_gate.weight has dimensions [16, 10], expected [16, 12]'",
        "llama.context_length, 0, 'llama.context_length is 0'",
        "llama.vocab_size, 14, 'the vocabulary has 14 tokens, tensor token_embd.weight has 13 rows'",
        "llama.expert_count, 8, 'mixture of experts'",
        "llama.rope.dimension_count, 3, 'llama.rope.dimension_count is 3, must be even and at most the head''s 4'",
        "llama.rope.dimension_count, 6, 'must be even and at most the head''s 4'",
    })
    void of_wholeNumberThatMakesNoSense_isRefusedByName(String key, long value, String message) throws IOException {
        assertRefused(TinyDecoder.LLAMA, key, whole(value), message);
    }

    @ParameterizedTest
    @CsvSource({
        "llama.attention.layer_norm_rms_epsilon, NaN, 'attention.layer_norm_rms_epsilon is NaN, must be in [0, 1)'",
        "llama.attention.layer_norm_rms_epsilon, 2, 'attention.layer_norm_rms_epsilon is 2.0'",
        "llama.rope.freq_base, 0, 'llama.rope.freq_base is 0.0, must be above 0'",
        "llama.rope.freq_base, Infinity, 'llama.rope.freq_base is Infinity, must be a finite number'",
        "llama.rope.scaling.factor, -2, 'llama.rope.scaling.factor is -2.0, must be at least 0'",
        "llama.logit_scale, 2, 'llama.logit_scale is not supported'",
        "llama.attention.scale, 0.5, 'llama.attention.scale is not supported'",
    })
    void of_numberThatMakesNoSense_isRefusedByName(String key, double value, String message) throws IOException {
        assertRefused(TinyDecoder.LLAMA, key, real(value), message);
    }

    @Test
    void of_scalingThatIsNotKnown_isRefusedByName() throws IOException {
        assertRefused(
                TinyDecoder.LLAMA,
                "llama.rope.scaling.type",
                new GgufValue.Text("longrope"),
                "llama.rope.scaling.type is 'longrope', this version knows none, linear and yarn");
        assertRefused(TinyDecoder.LLAMA, "llama.attention.causal", new GgufValue.Flag(false), "causal attention");
    }

    @ParameterizedTest
    @CsvSource({
        "LLAMA, llama.context_length",
        "LLAMA, llama.attention.layer_norm_rms_epsilon",
        "QWEN2, qwen2.embedding_length",
        "BITNET, bitnet.feed_forward_length",
    })
    void of_missingKey_isRefusedByName(TinyDecoder tiny, String key) throws IOException {
        assertRefused(tiny, key, REMOVED, "has no metadata key " + key);
    }

    @ParameterizedTest
    @CsvSource({
        "LLAMA, token_embd.weight",
        "LLAMA, output_norm.weight",
        "LLAMA, blk.1.ffn_down.weight",
        "QWEN2, blk.0.attn_k.bias",
        "QWEN3, blk.1.attn_q_norm.weight",
        "BITNET, blk.0.ffn_sub_norm.weight",
    })
    void of_missingTensor_isRefusedByName(TinyDecoder tiny, String tensor) throws IOException {
        GgufFile file = changed(tiny, Map.of(), name -> !name.equals(tensor));
        assertThatThrownBy(() -> BaseModels.of(file))
                .isInstanceOf(MalformedFileException.class)
                .hasMessageContaining("has no tensor " + tensor);
    }

    /** The weights of another architecture under this one's name: leaving them out would be wrong without a sign. */
    @Test
    void of_tensorsThatAreNotUsed_areRefusedByName() throws IOException {
        GgufFile norms = TinyDecoder.QWEN3.write(folder);
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        norms.metadata().forEach((key, value) -> metadata.put(key.replace("qwen3.", "llama."), value));
        metadata.put("general.architecture", new GgufValue.Text("llama"));
        GgufFile file = changed(TinyDecoder.QWEN3, metadata, name -> true);
        assertThatThrownBy(() -> BaseModels.of(file))
                .isInstanceOf(MalformedFileException.class)
                .hasMessageContaining("holds 4 tensors that a model of architecture 'llama'")
                .hasMessageContaining("blk.0.attn_k_norm.weight");
    }

    @Test
    void of_frequencyFactorThatMakesNoSense_isRefused() throws IOException {
        GgufFile file = TinyDecoder.LLAMA.write(folder);
        GgufWriter out = new GgufWriter();
        file.metadata().forEach(out::put);
        for (GgufTensor tensor : file.tensors()) {
            out.tensor(tensor.name(), tensor.type(), tensor.dimensions(), () -> file.bytes(tensor.name()));
        }
        out.tensor("rope_freqs.weight", List.of(2L), new float[] {1, 0});
        out.write(folder.resolve("factors.gguf"));
        GgufFile broken = GgufFile.open(folder.resolve("factors.gguf"));
        assertThatThrownBy(() -> BaseModels.of(broken)).hasMessageContaining("rope_freqs.weight holds 0.0");
    }

    @Test
    void of_slidingWindow_limitsTheContext() throws IOException {
        GgufFile file = changed(TinyDecoder.LLAMA, Map.of("llama.attention.sliding_window", whole(24)), name -> true);
        assertThat(BaseModels.of(file).contextLimit()).isEqualTo(24);
    }

    @Test
    void forward_textThatDoesNotFit_isRefused() {
        BaseModel model = BaseModels.of(TinyDecoder.LLAMA.write(folder));
        try (NextTokenModel next =
                new NextTokenModel(model.open(MatrixBackends.select("reference").open()))) {
            assertThatThrownBy(() -> next.logits(new int[65], null))
                    .hasMessage("sequence 0 has 65 tokens, the model's context limit is 64");
            assertThatThrownBy(() -> next.logits(new int[] {-1}, null)).hasMessageContaining("token -1 at position 0");
            LanguageBatch wrong = new LanguageBatch(
                    TokenBatch.of(List.of(new int[] {1, 2})), new int[] {0}, new int[] {13}, new float[] {1});
            assertThatThrownBy(() -> next.losses(wrong, null))
                    .hasMessage("a token to be predicted is 13, must be in 0..12");
        }
        assertThatThrownBy(() -> new NextTokenModel(TinyBert.small(1)
                        .model
                        .open(MatrixBackends.select("reference").open())))
                .hasMessage("a bert model does not predict tokens");
        assertThatThrownBy(() -> model.newAdapter(new AdapterSpec(1, 1, List.of("attn_qkv")), List.of(), 1))
                .hasMessageContaining("a llama model has no linear layer 'attn_qkv'");
        assertThatThrownBy(() -> new Dropout(1, 0, 0)).hasMessage("dropout must be in [0, 1), got 1.0");
        assertThatThrownBy(
                        () -> LanguageBatch.of(List.of(new int[2]), List.of(new boolean[] {true, true}), new float[1]))
                .hasMessageContaining("of which the first must be false");
        assertThatThrownBy(() ->
                        model.bind(model.newAdapter(new AdapterSpec(1, 1, List.of("attn_q")), List.of(), 1), Float.NaN))
                .hasMessage("an adapter's scale must be finite, got NaN");
    }

    /** A model opens or is refused as documented, whatever happened to its header and norms. */
    @ParameterizedTest
    @EnumSource
    void of_corruptedFile_opensOrIsRefused(TinyDecoder tiny) throws IOException {
        byte[] whole = Files.readAllBytes(tiny.write(folder).path());
        Path corrupt = folder.resolve("corrupt.gguf");
        Property.forAll(400, random -> {
            byte[] bytes = whole.clone();
            for (int i = random.nextInt(1, 4); i > 0; i--) {
                int at = random.nextInt(Math.min(bytes.length, 4000)); // the header, mostly
                bytes[at] = (byte) (random.nextBoolean() ? random.nextInt() : bytes[at] ^ 1 << random.nextInt(8));
            }
            write(corrupt, bytes);
            open(corrupt);
        });
    }

    private static void write(Path file, byte[] bytes) {
        try {
            Files.write(file, bytes);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static void open(Path file) {
        try {
            BaseModels.of(GgufFile.open(file));
        } catch (MalformedFileException documented) {
            assertThat(documented.getMessage()).contains("corrupt.gguf");
        } catch (IllegalArgumentException documented) {
            assertThat(documented.getMessage()).isNotBlank();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
