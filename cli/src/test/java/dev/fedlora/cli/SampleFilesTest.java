package dev.fedlora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.cli.testing.CommandRun;
import dev.fedlora.client.testing.TinyBertFile;
import dev.fedlora.client.testing.TinyLlamaFile;
import dev.fedlora.simulations.experiment.Experiment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files under {@code examples} that users begin with are without mistakes. */
class SampleFilesTest {
    private static final Path SAMPLES = Path.of("..", "examples");

    @TempDir
    private Path folder;

    @BeforeEach
    void writeDataAndModel() throws IOException {
        TinyBertFile.writeJsonl(folder.resolve("train.jsonl"), TinyBertFile.examples("one", 12, 1));
        TinyBertFile.writeJsonl(folder.resolve("test.jsonl"), TinyBertFile.examples("one", 12, 2));
        TinyBertFile.write(folder.resolve("base.gguf"), 3);
    }

    @Test
    void experiment_dataBeside_isRead() throws IOException {
        Path file = Files.copy(
                SAMPLES.resolve("experiments").resolve("medquad-dirichlet.yaml"), folder.resolve("experiment.yaml"));
        Experiment experiment = Experiment.read(file, name -> folder.resolve("base.gguf"));
        assertThat(experiment.rounds()).isEqualTo(6);
        assertThat(experiment.data()).containsExactly(folder.resolve("train.jsonl"));
    }

    @Test
    void task_anyLabels_isCompleted() {
        CommandRun run = CommandRun.of(
                "task",
                "create",
                "-f",
                SAMPLES.resolve("federation").resolve("task.yaml"),
                "--base",
                folder.resolve("base.gguf"),
                "--labels-from",
                folder.resolve("train.jsonl"),
                "--out",
                folder.resolve("task.json"));
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).startsWith("task triage, hash ");
    }

    @Test
    void experimentOfPrompts_dataBeside_isRead() throws IOException {
        Path file = Files.copy(
                SAMPLES.resolve("experiments").resolve("medquad-answers.yaml"), folder.resolve("experiment.yaml"));
        Experiment experiment = Experiment.read(file);
        assertThat(experiment.template()).isEqualTo("plain");
        assertThat(experiment.adapter().targets()).hasSize(7);
    }

    @Test
    void taskOfPrompts_decoder_isCompleted() throws IOException {
        CommandRun run = CommandRun.of(
                "task",
                "create",
                "-f",
                SAMPLES.resolve("federation").resolve("answers.yaml"),
                "--base",
                TinyLlamaFile.write(folder.resolve("llama.gguf"), 3),
                "--out",
                folder.resolve("task.json"));
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).startsWith("task answers, hash ");
    }
}
