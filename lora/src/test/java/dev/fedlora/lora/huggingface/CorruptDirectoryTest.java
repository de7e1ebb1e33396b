package dev.fedlora.lora.huggingface;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufWriter;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.testing.Corruption;
import dev.fedlora.testkit.Property;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Model directories with damaged files: each is read, or refused by the one exception, at a cost its size explains. */
class CorruptDirectoryTest {
    /** A parsed JSON file takes some 20 times its size; a test's own share, such as an exception's trace, is constant. */
    private static final int BYTES_EACH = 100;

    private static final long BYTES_ANYWAY = 1 << 20;

    @TempDir
    private Path folder;

    private interface Reading {
        void of(Path file) throws IOException;
    }

    private void corrupt(int cases, Path file, Reading reading) throws IOException {
        byte[] valid = Files.readAllBytes(file);
        reading.of(file); // whole, and so that classes are loaded
        Property.forAll(cases, random -> {
            byte[] changed = Corruption.of(random, valid);
            try {
                Files.write(file, changed);
                long before = Corruption.allocated();
                try {
                    reading.of(file);
                } catch (MalformedFileException refused) {
                    assertThat(refused.getMessage()).contains(folder.toString()).hasSizeLessThan(2000);
                }
                assertThat(Corruption.allocated() - before)
                        .isLessThan(BYTES_ANYWAY + (long) BYTES_EACH * changed.length);
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        });
        Files.write(file, valid);
    }

    private ModelDirectory model() throws IOException {
        ModelDirectory model = new ModelDirectory(folder.resolve("tiny"), "Qwen2ForCausalLM");
        model.settings.put("eos_token", "<|begin|>").put("add_bos_token", true).put("chat_template", "{{ messages }}");
        model.settings
                .putObject("added_tokens_decoder")
                .putObject("265")
                .put("content", "<late>")
                .put("special", true);
        model.write();
        return model;
    }

    @Test
    void config_changed_isReadOrRefused() throws IOException {
        ModelDirectory model = model();
        model.config
                .putObject("rope_scaling")
                .put("rope_type", "llama3")
                .put("factor", 8)
                .put("low_freq_factor", 1);
        model.write();
        WeightFiles weights = WeightFiles.open(model.path);
        corrupt(5000, model.path.resolve("config.json"), file -> {
            DecoderConfig config = DecoderConfig.read(JsonFile.read(file));
            DecoderTensors.find(config, weights);
            config.writeTo(new GgufWriter());
        });
    }

    @Test
    void tokenizerJson_changed_isReadOrRefused() throws IOException {
        ModelDirectory model = model();
        corrupt(3000, model.path.resolve("tokenizer.json"), file -> vocabulary(model));
        corrupt(2000, model.path.resolve("tokenizer_config.json"), file -> vocabulary(model));
    }

    private static void vocabulary(ModelDirectory model) throws IOException {
        JsonFile config = JsonFile.read(model.path.resolve("config.json"));
        DirectoryVocabulary.read(model.path, config, ModelDirectory.VOCABULARY).writeTo(new GgufWriter());
    }

    @Test
    void tokenizerModel_changed_isReadOrRefused() throws IOException {
        Path file = folder.resolve("tokenizer.model");
        Files.copy(Shared.path("models/tok512.model"), file);
        Files.writeString(folder.resolve("config.json"), "{\"bos_token_id\":1,\"eos_token_id\":2}");
        JsonFile config = JsonFile.read(folder.resolve("config.json"));
        corrupt(
                6000,
                file,
                changed -> DirectoryVocabulary.read(folder, config, 512).writeTo(new GgufWriter()));
    }

    @Test
    void index_changed_isReadOrRefused() throws IOException {
        ModelDirectory model = new ModelDirectory(folder.resolve("tiny"), "LlamaForCausalLM");
        model.writeShards();
        corrupt(1000, model.path.resolve("model.safetensors.index.json"), file -> WeightFiles.open(model.path));
    }

    @Test
    void convert_anyFileChanged_convertsOrLeavesNothing() throws IOException {
        ModelDirectory model = model();
        Path target = folder.resolve("out.gguf");
        List<Path> files;
        try (Stream<Path> listed = Files.list(model.path)) {
            files = listed.sorted().toList();
        }
        Property.forAll(300, random -> {
            try {
                Path file = files.get(random.nextInt(files.size()));
                byte[] valid = Files.readAllBytes(file);
                Files.write(file, Corruption.of(random, valid));
                try {
                    HuggingFaceConverter.convert(model.path, QuantizationType.F16, target);
                    assertThat(GgufFile.open(target).tensors()).isNotEmpty();
                    Files.delete(target);
                } catch (MalformedFileException refused) {
                    assertThat(refused.getMessage()).contains(folder.toString());
                } finally {
                    Files.write(file, valid);
                }
                try (Stream<Path> left = Files.list(folder)) {
                    assertThat(left).containsExactly(model.path);
                }
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        });
    }
}
