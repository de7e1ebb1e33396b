package dev.fedlora.cli.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.cli.testing.CommandRun;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelCommandsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private static Path models;

    private static Path q8;

    @TempDir
    private Path folder;

    @BeforeAll
    static void convert() {
        q8 = models.resolve("minilm.gguf");
        CommandRun run = CommandRun.of("model", "convert", "all-minilm-l6-v2", "--out", q8, "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.json().get("type").asText()).isEqualTo("Q8_0");
        assertThat(run.json().get("bytes").asLong()).isEqualTo(q8.toFile().length());
    }

    @Test
    void inspect_convertedModel_listsMetadataAndTensors() {
        JsonNode answer = CommandRun.of("model", "inspect", q8, "--json").json();
        assertThat(answer.get("metadata").get("general.architecture").asText()).isEqualTo("bert");
        assertThat(answer.get("metadata")
                        .get("tokenizer.ggml.tokens")
                        .get("length")
                        .asInt())
                .isEqualTo(30_522);
        assertThat(answer.get("tensors")).hasSize(101);
        assertThat(answer.get("tensors").findValuesAsText("type")).contains("Q8_0", "F32");
        CommandRun forPeople = CommandRun.of("model", "inspect", q8);
        assertThat(forPeople.out()).contains("bert.block_count").contains("blk.5.ffn_down.weight");
    }

    @Test
    void convert_modelDirectory_givesAGgufFile() {
        Path out = folder.resolve("stories.gguf");
        Path directory = Shared.path("models/hf-stories260K");
        CommandRun run = CommandRun.of("model", "convert", directory, "--type", "Q4_K", "--out", out, "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        JsonNode answer = CommandRun.of("model", "inspect", out, "--json").json();
        assertThat(answer.get("metadata").get("general.architecture").asText()).isEqualTo("llama");
        assertThat(answer.get("tensors").findValuesAsText("type")).contains("Q8_0", "F32"); // rows of 64 are too short
        CommandRun refused = CommandRun.of("model", "convert", directory, "--type", "TQ1_0", "--out", out);
        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(refused.err()).contains("--type is TQ1_0, directories are converted to [F32, F16");
        CommandRun nothing = CommandRun.of("model", "convert", folder, "--out", folder.resolve("x.gguf"));
        assertThat(nothing.exitCode()).isEqualTo(1);
        assertThat(nothing.err()).contains("is not a model directory: it has no config.json");
        assertThat(folder.resolve("x.gguf")).doesNotExist();
    }

    @Test
    void tokenize_convertedModel_givesIdsWithoutSpecialOnes() {
        JsonNode answer = CommandRun.of("model", "tokenize", q8, "--text", "hello world", "--json")
                .json();
        assertThat(answer.toString()).isEqualTo("{\"tokens\":[7592,2088]}");
        assertThat(CommandRun.of("model", "tokenize", q8, "--text", "hello world")
                        .out()
                        .strip())
                .isEqualTo("7592 2088");
    }

    @Test
    void tokenize_vocabulariesOfLanguageModels_givesLlamaCppsIds() throws IOException {
        Path stories = Shared.path("models/stories260K-Q8_0.gguf");
        JsonNode texts =
                JSON.readTree(Shared.path("golden/tokens-stories260K.json").toFile());
        for (int i : new int[] {0, 20, 54}) {
            String text = texts.get(i).get("text").asText();
            JsonNode answer = CommandRun.of("model", "tokenize", stories, "--text", text, "--json")
                    .json();
            assertThat(answer.get("tokens")).as(text).isEqualTo(texts.get(i).get("ids"));
        }
        Path gpt2 = Shared.path("tokenizer-vectors/ggml-vocab-gpt-2.gguf");
        assertThat(CommandRun.of("model", "tokenize", gpt2, "--text", "Hello world")
                        .out()
                        .strip())
                .isEqualTo("15496 995");
    }

    @Test
    void tokenize_fileWithoutTokenizer_saysWhatIsMissing() {
        CommandRun run = CommandRun.of(
                "model", "tokenize", Shared.path("adapters/stories260K-lora-r4.gguf"), "--text", "x", "--json");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("stories260K-lora-r4.gguf: has no metadata key tokenizer.ggml.model");
    }

    @Test
    void embed_anyText_hasLengthOne() {
        double[] embedding = embedding(q8, "A patient with chest pain.");
        assertThat(embedding).hasSize(384);
        assertThat(Math.sqrt(dot(embedding, embedding))).isCloseTo(1, within(1e-5)); // float rounding of 384 values
    }

    @Test
    void embed_textsOfAnotherImplementation_pointTheSameWay() throws IOException {
        List<String> lines = Files.readAllLines(Shared.path("golden/ort-minilm.jsonl"));
        for (String line : lines.subList(0, 3)) {
            JsonNode golden = JSON.readTree(line);
            double[] expected = values(golden.get("embedding"));
            double[] got = embedding(q8, golden.get("text").asText());
            double cosine = dot(expected, got) / Math.sqrt(dot(expected, expected) * dot(got, got));
            assertThat(cosine).isGreaterThanOrEqualTo(0.9995); // what eight bits a weight leave
        }
    }

    @Test
    void inspect_truncatedFile_failsInOneLineThatNamesIt() throws IOException {
        Path broken = folder.resolve("broken.gguf");
        Files.write(broken, Arrays.copyOf(Files.readAllBytes(q8), 1_000_000));
        for (String command : List.of("inspect", "tokenize", "embed")) {
            CommandRun run = command.equals("inspect")
                    ? CommandRun.of("model", command, broken)
                    : CommandRun.of("model", command, broken, "--text", "x");
            assertThat(run.exitCode()).isEqualTo(1);
            assertThat(run.out()).isEmpty();
            assertThat(run.err().lines()).hasSize(1);
            assertThat(run.err()).startsWith("fedlora: " + broken + ": ").doesNotContain("\tat ");
        }
    }

    @Test
    void inspect_verbose_addsTheStackTrace() throws IOException {
        Path broken = folder.resolve("broken.gguf");
        Files.writeString(broken, "not a model");
        assertThat(CommandRun.of("model", "inspect", broken, "--verbose").err()).contains("\tat dev.fedlora");
    }

    @Test
    void inspect_missingFile_saysSo() {
        CommandRun run = CommandRun.of("model", "inspect", folder.resolve("none.gguf"));
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err())
                .isEqualToIgnoringNewLines("fedlora: " + folder.resolve("none.gguf") + ": no such file or folder");
    }

    @Test
    void convert_truncatedOnnx_failsAndWritesNothing() throws IOException {
        Path onnx = folder.resolve("model.onnx");
        Files.write(onnx, new byte[] {8, 7, 18, 7, 'p', 'y', 't'});
        Files.writeString(folder.resolve("tokenizer.json"), "{}");
        Path out = folder.resolve("out.gguf");
        CommandRun run = CommandRun.of("model", "convert", onnx, "--out", out);
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("model.onnx");
        assertThat(run.err().lines()).hasSize(1);
        assertThat(out).doesNotExist();
    }

    @Test
    void convert_typeThatCannotBeWritten_isWrongUsage() {
        CommandRun run =
                CommandRun.of("model", "convert", "all-minilm-l6-v2", "--out", folder.resolve("x"), "--type", "Q6_K");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("Q6_K").contains("Q8_0");
    }

    @Test
    void embed_unknownBackend_isWrongUsageThatNamesThoseThereAre() {
        CommandRun run = CommandRun.of("model", "embed", q8, "--text", "x", "--backend", "abacus");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("abacus").contains("reference");
    }

    private static double[] embedding(Path model, String text) {
        CommandRun run = CommandRun.of("model", "embed", model, "--text", text, "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        return values(run.json().get("embedding"));
    }

    private static double[] values(JsonNode array) {
        double[] values = new double[array.size()];
        Arrays.setAll(values, i -> array.get(i).doubleValue());
        return values;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
