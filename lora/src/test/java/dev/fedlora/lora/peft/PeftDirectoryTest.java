package dev.fedlora.lora.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.LoraScaling;
import dev.fedlora.lora.gguf.AttentionHeads;
import dev.fedlora.lora.gguf.GgufAdapters;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufTensor;
import dev.fedlora.lora.safetensors.AdapterBytes;
import dev.fedlora.lora.safetensors.SafetensorsFile;
import dev.fedlora.lora.safetensors.SafetensorsWriter;
import dev.fedlora.lora.testing.TestAdapters;
import dev.fedlora.testkit.Property;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeftDirectoryTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    private Path written(LoraAdapter adapter) throws IOException {
        Path directory = folder.resolve("adapter");
        PeftDirectory.write(adapter, directory);
        return directory;
    }

    private static LoraAdapter withHead() {
        SplittableRandom random = new SplittableRandom(5);
        LoraAdapter adapter = TestAdapters.random(random);
        while (adapter.head() == null || !adapter.spec().targets().contains("ffn_down")) {
            adapter = TestAdapters.random(random);
        }
        return adapter;
    }

    private Path configured(String field, Object value) throws IOException {
        Path directory = written(withHead());
        Path config = directory.resolve("adapter_config.json");
        ObjectNode json = (ObjectNode) JSON.readTree(config.toFile());
        json.set(field, JSON.valueToTree(value));
        Files.write(config, JSON.writeValueAsBytes(json));
        return directory;
    }

    @Test
    void read_ofWritten_isTheSameAdapter() {
        Property.forAll(30, random -> {
            LoraAdapter adapter = random.nextBoolean() ? TestAdapters.random(random) : TestAdapters.patterned(random);
            try {
                Path directory = written(adapter);
                byte[] expected = AdapterBytes.encode(adapter);
                assertThat(AdapterBytes.encode(PeftDirectory.read(directory))).isEqualTo(expected);
                assertThat(AdapterBytes.encode(PeftDirectory.read(directory, "bert", TestAdapters.BASE)))
                        .isEqualTo(expected);
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        });
    }

    @Test
    void read_ofWhatPeftWrote_givesItsFactors() throws IOException {
        Path directory = Shared.path("adapters/peft-minilm");
        LoraAdapter adapter = PeftDirectory.read(directory, "bert", TestAdapters.BASE);
        assertThat(adapter.spec().rank()).isEqualTo(8);
        assertThat(adapter.spec().alpha()).isEqualTo(16);
        assertThat(adapter.spec().targets()).containsExactly("attn_q", "attn_v");
        assertThat(adapter.factors()).hasSize(12);
        assertThat(adapter.head()).isNull();
        assertThat(adapter.factors().get(0).tensor()).isEqualTo("blk.0.attn_q.weight");
        assertThatThrownBy(() -> PeftDirectory.read(directory)).hasMessageContaining("does not say which base model");
    }

    @Test
    void write_whatPeftWrote_givesItsTensorsAndSettings() throws IOException {
        Path theirs = Shared.path("adapters/peft-minilm");
        Path ours = written(PeftDirectory.read(theirs, "bert", TestAdapters.BASE));
        assertSameTensors(ours, theirs);
        JsonNode settings = JSON.readTree(ours.resolve("adapter_config.json").toFile());
        JSON.readTree(theirs.resolve("adapter_config.json").toFile())
                .properties()
                .forEach(setting -> {
                    if (!setting.getKey().equals("base_model_name_or_path")) {
                        assertThat(settings.get(setting.getKey()))
                                .as(setting.getKey())
                                .isEqualTo(setting.getValue());
                    }
                });
    }

    @Test
    void write_withHead_namesItAsModuleToSave() throws IOException {
        Path directory = written(withHead());
        JsonNode settings =
                JSON.readTree(directory.resolve("adapter_config.json").toFile());
        assertThat(settings.get("modules_to_save")).hasToString("[\"classifier\"]");
        assertThat(settings.get("target_modules").toString())
                .contains("\"query\"", "\"attention.output.dense\"", "\"encoder.layer.0.output.dense\"")
                .doesNotContain("\"output.dense\"");
        SafetensorsFile model = SafetensorsFile.open(directory.resolve("adapter_model.safetensors"));
        assertThat(model.findTensor("base_model.model.classifier.weight")).isPresent();
        assertThat(model.findTensor("base_model.model.classifier.bias")).isPresent();
    }

    @Test
    void read_forAnotherBase_isRefused() throws IOException {
        Path directory = written(withHead());
        assertThatThrownBy(() -> PeftDirectory.read(directory, "bert", "f".repeat(64)))
                .hasMessageContaining("is an adapter for another base")
                .hasMessageContaining(TestAdapters.BASE)
                .hasMessageContaining("expected ffff");
        assertThatThrownBy(() -> PeftDirectory.read(directory, "llama", TestAdapters.BASE))
                .hasMessageContaining("its architecture is bert, expected llama");
    }

    @Test
    void read_settingsThatChangeTheMeaning_areRefusedByName() throws IOException {
        assertRefused(configured("peft_type", "IA3"), "peft_type is \"IA3\"");
        assertRefused(configured("use_dora", true), "use_dora is true: DoRA adapters cannot be read");
        assertRefused(configured("bias", "all"), "bias is \"all\", only none");
        assertRefused(configured("fan_in_fan_out", true), "fan_in_fan_out");
        assertRefused(configured("init_lora_weights", "pissa_niter_4"), "base model with changed weights");
        assertRefused(configured("use_rslora", "yes"), "use_rslora is \"yes\", expected true or false");
        assertRefused(configured("rank_pattern", List.of(4)), "rank_pattern is ARRAY, expected an object");
        assertRefused(configured("rank_pattern", Map.of("query", 0)), "rank_pattern has 0 for query");
        assertRefused(configured("alpha_pattern", Map.of("query", "x")), "alpha_pattern has \"x\" for query");
        assertRefused(configured("alpha_pattern", Map.of("(", 1)), "the key (, which is not a regular expression");
        assertRefused(configured("alpha_pattern", Map.of("q".repeat(2000), 1)), "a key of 2000 characters");
        assertRefused(configured("alpha_pattern", Map.of("((.*)*)*x", 1)), "takes too long to match");
        assertRefused(configured("rank_pattern", Map.of("query", 90)), "expected [90,");
        assertRefused(configured("modules_to_save", List.of("pooler")), "modules_to_save has \"pooler\"");
        assertRefused(configured("r", 99), "expected [99,");
        assertRefused(configured("r", 0), "r is 0.0");
        assertRefused(configured("r", "8"), "r is \"8\", expected a number");
        assertRefused(configured("lora_alpha", -1), "alpha must be positive");
        assertRefused(configured("fedlora", java.util.Map.of("labels", List.of(1, 2))), "labels holds 1");
        assertRefused(
                configured("fedlora", java.util.Map.of("architecture", "bert", "base_sha256", TestAdapters.BASE)),
                "has a classifier, but fedlora.labels");
    }

    @Test
    void read_rankStabilized_keepsAlphaAndSaysSo() throws IOException {
        Path directory = configured("use_rslora", true);
        LoraAdapter plain = withHead();
        LoraAdapter read = PeftDirectory.read(directory);
        assertThat(read.spec().alpha()).isEqualTo(plain.spec().alpha());
        assertThat(read.spec().scaling()).isEqualTo(LoraScaling.RANK_STABILIZED);
    }

    @Test
    void read_alphaPattern_matchesAsPeftDoes() throws IOException {
        Map<String, Object> pattern = new LinkedHashMap<>();
        pattern.put("encoder.layer.0.attention.self.query", 2); // a whole name
        pattern.put("ery", 3); // no end of a name: PEFT matches whole parts alone
        pattern.put("layer\\.[0-9]\\.attention\\.self\\.(query|key)", 0.1); // the first that matches counts
        pattern.put("query", 5);
        pattern.put("attention.output.dense", 6);
        Path directory = configured("alpha_pattern", pattern);
        AdapterSpec spec = PeftDirectory.read(directory).spec();
        assertThat(spec.alpha("blk.0.attn_q.weight")).isEqualTo(2f);
        assertThat(spec.alpha("blk.1.attn_q.weight")).isEqualTo(0.1f);
        assertThat(spec.alpha("blk.1.attn_k.weight")).isEqualTo(0.1f);
        assertThat(spec.alpha("blk.1.attn_output.weight")).isEqualTo(6f);
        assertThat(spec.alpha("blk.1.ffn_down.weight"))
                .isEqualTo(withHead().spec().alpha())
                .isEqualTo(spec.alpha());
    }

    @Test
    void read_ownPatternThatContradictsPeft_isNotBelieved() throws IOException {
        SplittableRandom random = new SplittableRandom(2);
        LoraAdapter adapter = TestAdapters.patterned(random);
        Path directory = written(adapter);
        Path config = directory.resolve("adapter_config.json");
        ObjectNode json = (ObjectNode) JSON.readTree(config.toFile());
        json.putObject("alpha_pattern");
        Files.write(config, JSON.writeValueAsBytes(json));
        AdapterSpec spec = PeftDirectory.read(directory).spec();
        assertThat(spec.alphaPattern()).isEmpty();
        adapter.factors().forEach(f -> assertThat(spec.rank(f.tensor())).isEqualTo(f.rank()));
    }

    @Test
    void write_ofALlama_ordersRowsByHeadsAndComesBack() throws IOException {
        LoraAdapter adapter = ofLlama(List.of("attn_q", "attn_k", "attn_v"));
        AttentionHeads heads = new AttentionHeads(2, 1);
        Path directory = folder.resolve("llama");
        assertThatThrownBy(() -> PeftDirectory.write(adapter, directory))
                .hasMessageContaining("whose rows PEFT orders by heads: the base model is needed");
        assertThat(directory).doesNotExist();
        PeftDirectory.write(adapter, heads, directory);
        SafetensorsFile model = SafetensorsFile.open(directory.resolve("adapter_model.safetensors"));
        String layer = "base_model.model.model.layers.0.self_attn.";
        assertThat(model.floats(layer + "q_proj.lora_B.weight", 8, 1)).containsExactly(0, 2, 1, 3, 4, 6, 5, 7);
        assertThat(model.floats(layer + "k_proj.lora_B.weight", 4, 1)).containsExactly(0, 2, 1, 3);
        assertThat(model.floats(layer + "v_proj.lora_B.weight", 4, 1)).containsExactly(0, 1, 2, 3);
        assertThat(PeftDirectory.read(directory)).isEqualTo(adapter);
        PeftDirectory.write(ofLlama(List.of("attn_v", "ffn_gate")), folder.resolve("values")); // no rotary rows
        assertThat(PeftDirectory.read(folder.resolve("values")).spec().targets())
                .contains("ffn_gate");
    }

    private static LoraAdapter ofLlama(List<String> targets) {
        List<LoraFactors> factors = targets.stream()
                .map(target -> {
                    float[] b = new float[target.equals("attn_q") ? 8 : 4];
                    for (int i = 0; i < b.length; i++) {
                        b[i] = i;
                    }
                    String tensor = "blk.0." + target + ".weight";
                    return new LoraFactors(tensor, 1, 3, b.length, new float[] {1, 2, 3}, b);
                })
                .toList();
        return new LoraAdapter("llama", TestAdapters.BASE, new AdapterSpec(1, 1, targets), factors, null);
    }

    @Test
    void read_ofALlama_equalsLlamaCppsConversion() throws IOException {
        GgufFile base = GgufFile.open(Shared.path("models/stories260K-f32.gguf"));
        Path theirs = Shared.path("adapters/peft-stories260K");
        LoraAdapter adapter = PeftDirectory.read(theirs, base);
        GgufAdapters.requireFits(adapter, base);
        assertThatThrownBy(() -> PeftDirectory.read(theirs, "llama", base.sha256()))
                .hasMessageContaining("the base model is needed to know how many");
        Path ours = folder.resolve("ours.gguf");
        GgufAdapters.write(adapter, ours);
        GgufFile got = GgufFile.open(ours);
        GgufFile expected = GgufFile.open(Shared.path("adapters/stories260K-lora-r4.gguf"));
        assertThat(got.tensors()).hasSameSizeAs(expected.tensors());
        for (GgufTensor tensor : expected.tensors()) {
            assertThat(got.tensor(tensor.name()).dimensions()).isEqualTo(tensor.dimensions());
            assertThat(got.bytes(tensor.name())).as(tensor.name()).isEqualTo(expected.bytes(tensor.name()));
        }
        assertThat(got.floating("adapter.lora.alpha")).isEqualTo(expected.floating("adapter.lora.alpha"));
        assertThat(GgufAdapters.read(expected.path(), base)).isEqualTo(adapter);
        PeftDirectory.write(adapter, AttentionHeads.of(base), folder.resolve("back"));
        assertSameTensors(folder.resolve("back"), theirs);
    }

    private static void assertSameTensors(Path ours, Path theirs) throws IOException {
        SafetensorsFile got = SafetensorsFile.open(ours.resolve("adapter_model.safetensors"));
        SafetensorsFile expected = SafetensorsFile.open(theirs.resolve("adapter_model.safetensors"));
        assertThat(got.tensors()).hasSameSizeAs(expected.tensors());
        expected.tensors()
                .forEach(t -> assertThat(got.floats(
                                t.name(),
                                t.shape().stream().mapToLong(Long::longValue).toArray()))
                        .as(t.name())
                        .isEqualTo(expected.floats(t.name())));
    }

    @Test
    void read_pickledWeights_areNeverRead() throws IOException {
        Path directory = written(withHead());
        Files.move(directory.resolve("adapter_model.safetensors"), directory.resolve("adapter_model.bin"));
        assertRefused(directory, "adapter_model.bin alone, a pickle, which can run code and is never read");
    }

    @Test
    void read_tensorsThatDoNotBelong_areRefusedByName() throws IOException {
        assertRefused(modelOf("base_model.model.pooler.dense.lora_A.weight"), "unknown module: pooler.dense");
        assertRefused(modelOf("something"), "cannot be read: something");
        String query = "base_model.model.encoder.layer.0.attention.self.query";
        assertRefused(modelOf(query + ".lora_A.weight"), "has no tensor " + query + ".lora_B.weight");
        assertRefused(modelOf(query + ".lora_B.weight"), "but no tensor " + query + ".lora_A.weight");
        assertRefused(modelOf(query + ".lora_magnitude_vector"), "lora_magnitude_vector");
    }

    @Test
    void read_folderThatIsNotOne_saysWhatIsMissing() throws IOException {
        assertRefused(folder, "has no adapter_config.json");
        Files.writeString(folder.resolve("adapter_config.json"), "{");
        assertRefused(folder, "has no adapter_model.safetensors");
        new SafetensorsWriter().write(folder.resolve("adapter_model.safetensors"));
        assertRefused(folder, "is not valid JSON");
    }

    private Path modelOf(String tensor) throws IOException {
        Path directory = written(withHead());
        new SafetensorsWriter()
                .tensor(tensor, new float[1], 1, 1)
                .write(directory.resolve("adapter_model.safetensors"));
        return directory;
    }

    private static void assertRefused(Path directory, String message) {
        assertThatThrownBy(() -> PeftDirectory.read(directory, "bert", TestAdapters.BASE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(directory.toString())
                .hasMessageContaining(message);
    }
}
