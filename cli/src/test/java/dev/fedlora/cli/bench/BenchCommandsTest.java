package dev.fedlora.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.fedlora.benchmarks.training.ModelShape;
import dev.fedlora.benchmarks.training.RandomModel;
import dev.fedlora.cli.testing.CommandRun;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchCommandsTest {
    @Test
    void train_tinyShape_saysHowFastOnWhat() {
        CommandRun run = CommandRun.of(
                "bench",
                "train",
                "--shape",
                "tiny",
                "--batch",
                2,
                "--tokens",
                16,
                "--steps",
                2,
                "--warm-up",
                1,
                "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        JsonNode json = run.json();
        assertThat(json.get("tokensPerSecond").asDouble()).isPositive();
        assertThat(json.get("peakResidentBytes").asLong(1)).isPositive();
        assertThat(json.get("backend").asText()).isNotEmpty();
        assertThat(json.get("measuredLoss").asDouble())
                .isLessThan(json.get("firstLoss").asDouble());
        assertThat(json.get("java").asText()).isEqualTo(System.getProperty("java.version"));
        assertThat(run.err()).contains("step 3 of 3");
    }

    @Test
    void train_modelFileWithinABudget_recomputesActivations(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("model.gguf");
        RandomModel.write(ModelShape.TINY, 3, file);
        CommandRun run = CommandRun.of(
                "bench",
                "train",
                "--shape",
                file,
                "--tokens",
                100,
                "--steps",
                1,
                "--warm-up",
                0,
                "--memory",
                "20.5MB",
                "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.json().get("activations").asText()).isEqualTo("recompute");
    }

    @Test
    void train_budgetTooSmall_saysWhatWouldDo() {
        CommandRun run = CommandRun.of("bench", "train", "--shape", "tiny", "--memory", "1MB");
        assertThat(run.exitCode()).isNotZero();
        assertThat(run.err()).contains("memory budget of 1 MB is too small", "at least");
    }

    @Test
    void train_unknownShape_isWrongUsage() {
        CommandRun run = CommandRun.of("bench", "train", "--shape", "gpt-5");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("unknown shape 'gpt-5'", "smollm2-135m");
    }
}
