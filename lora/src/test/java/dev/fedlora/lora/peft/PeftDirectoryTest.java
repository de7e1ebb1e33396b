package dev.fedlora.lora.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.lora.LoraAdapter;
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
import java.util.List;
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
            LoraAdapter adapter = TestAdapters.random(random);
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
        SafetensorsFile expected = SafetensorsFile.open(theirs.resolve("adapter_model.safetensors"));
        SafetensorsFile got = SafetensorsFile.open(ours.resolve("adapter_model.safetensors"));
        assertThat(got.tensors()).hasSameSizeAs(expected.tensors());
        expected.tensors()
                .forEach(t -> assertThat(got.floats(
                                t.name(),
                                t.shape().stream().mapToLong(Long::longValue).toArray()))
                        .isEqualTo(expected.floats(t.name())));
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
        assertRefused(configured("use_dora", true), "use_dora is true, only false");
        assertRefused(configured("bias", "all"), "bias is \"all\", only none");
        assertRefused(configured("fan_in_fan_out", true), "fan_in_fan_out");
        assertRefused(configured("rank_pattern", java.util.Map.of("query", 4)), "rank_pattern is set");
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
    void read_rankStabilized_scalesAlpha() throws IOException {
        Path directory = configured("use_rslora", true);
        LoraAdapter plain = withHead();
        float expected = (float) (plain.spec().alpha() * Math.sqrt(plain.spec().rank()));
        assertThat(PeftDirectory.read(directory).spec().alpha()).isEqualTo(expected);
    }

    @Test
    void read_tensorsThatDoNotBelong_areRefusedByName() throws IOException {
        assertRefused(modelOf("base_model.model.pooler.dense.lora_A.weight"), "unknown module: pooler.dense");
        assertRefused(modelOf("something"), "cannot be read: something");
        String query = "base_model.model.encoder.layer.0.attention.self.query";
        assertRefused(modelOf(query + ".lora_A.weight"), "has no tensor " + query + ".lora_B.weight");
        assertRefused(modelOf(query + ".lora_B.weight"), "has 0 tensors .lora_A.weight but 1");
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
