package dev.fedlora.cli.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.fedlora.cli.testing.CommandRun;
import dev.fedlora.lora.gguf.GgufWriter;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuantizeCommandTest {
    @TempDir
    private Path folder;

    @Test
    void quantize_trainedModel_givesLlamaCppsFile() throws IOException {
        Path out = folder.resolve("q4.gguf");
        CommandRun run = CommandRun.of(
                "model",
                "quantize",
                Shared.path("models/stories260K-f32.gguf"),
                "--type",
                "Q4_0",
                "--out",
                out,
                "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(Files.mismatch(out, Shared.path("models/stories260K-Q4_0.gguf")))
                .isEqualTo(-1);
        JsonNode answer = run.json();
        assertThat(answer.get("type").asText()).isEqualTo("Q4_0");
        assertThat(answer.get("bytes").asLong()).isEqualTo(Files.size(out));
        assertThat(answer.get("tensors").toString()).isEqualTo("{\"F32\":11,\"Q4_0\":36,\"Q8_0\":1}");
        assertThat(answer.get("fallbacks").toString())
                .isEqualTo("[{\"tensor\":\"output.weight\",\"columns\":64,\"unfitting\":\"Q6_K\",\"type\":\"Q8_0\"}]");
        assertThat(run.err()).contains("tensor 48 of 48: blk.4.ffn_up.weight, F32 to Q4_0");
    }

    @Test
    void quantize_rowsThatDoNotFit_areToldToPeople() throws IOException {
        CommandRun run = CommandRun.of(
                "model", "quantize", model(), "--type", "Q4_K", "--out", folder.resolve("out.gguf"), "--threads", 1);
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out())
                .contains("tensors: 1 F32, 1 Q5_0")
                .contains("blk.0.ffn_up.weight: rows of 32 values are no whole blocks of Q4_K (256 values), stored as"
                        + " Q5_0");
    }

    private Path model() throws IOException {
        Path file = folder.resolve("model.gguf");
        new GgufWriter()
                .tensor("output_norm.weight", List.of(32L), new float[32])
                .tensor("blk.0.ffn_up.weight", List.of(32L, 4L), new float[128])
                .write(file);
        return file;
    }

    @Test
    void quantize_quantizedModel_warnsOfRoundingTwice() throws IOException {
        Path first = folder.resolve("first.gguf");
        CommandRun.of("model", "quantize", model(), "--type", "Q8_0", "--out", first);
        CommandRun run = CommandRun.of(
                "model", "quantize", first, "--type", "Q4_0", "--out", folder.resolve("second.gguf"), "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.err()).contains("tensors that are quantized already: 1, the first blk.0.ffn_up.weight");
    }

    @Test
    void quantize_typeThatCannotBeWritten_isWrongUsageWithTheList() throws IOException {
        Path out = folder.resolve("out.gguf");
        CommandRun run = CommandRun.of("model", "quantize", model(), "--type", "TQ2_0", "--out", out);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("--type is TQ2_0, this version writes [F32, F16, Q4_0,");
        run = CommandRun.of("model", "quantize", model(), "--type", "IQ2_XXS", "--out", out);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("IQ2_XXS").contains("Q4_K");
        run = CommandRun.of("model", "quantize", model(), "--type", "Q8_0", "--out", out, "--threads", 0);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("--threads must be at least 1, got 0");
        assertThat(out).doesNotExist();
    }

    @Test
    void quantize_valueThatIsNotFinite_failsWithItsPlaceAndWritesNothing() throws IOException {
        Path file = folder.resolve("nan.gguf");
        float[] values = new float[64];
        values[33] = Float.POSITIVE_INFINITY;
        new GgufWriter().tensor("blk.0.ffn_up.weight", List.of(32L, 2L), values).write(file);
        Path out = folder.resolve("out.gguf");
        CommandRun run = CommandRun.of("model", "quantize", file, "--type", "Q8_0", "--out", out);
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("tensor blk.0.ffn_up.weight, row 1, column 1: the value is Infinity");
        assertThat(run.out()).isEmpty();
        assertThat(folder).isDirectoryNotContaining("glob:**out*");
    }
}
