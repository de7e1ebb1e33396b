package dev.fedlora.cli.processes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.testkit.Shared;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchService;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A training whose process is told to end, and one that goes on from what it left. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "a process cannot be told there to end by itself")
class TrainingInterruptionTest {
    private static final int STEPS = 80; // seconds: long enough to be told to end in between

    @TempDir
    private Path folder;

    @Test
    void train_toldToEnd_goesOnToTheSameBytes() throws Exception {
        Path state = Files.createDirectory(folder.resolve("state"));
        Path first = folder.resolve("first");
        try (WatchService watch = FileSystems.getDefault().newWatchService();
                CommandProcess training = start("first", "--checkpoint", state, "--checkpoint-every", 2)) {
            state.register(watch, StandardWatchEventKinds.ENTRY_CREATE);
            assertThat(watch.poll(2, TimeUnit.MINUTES)).as("a checkpoint").isNotNull();
            training.terminate();
            assertThat(training.exitCode()).isNotZero();
        }
        assertThat(first).doesNotExist();
        assertThat(state.resolve("checkpoint.safetensors")).exists();
        try (CommandProcess resumed = start("resumed", "--checkpoint", state);
                CommandProcess whole = start("whole")) {
            assertThat(resumed.answer().get("steps").intValue()).isEqualTo(STEPS);
            assertThat(whole.answer().get("steps").intValue()).isEqualTo(STEPS);
        }
        assertThat(folder.resolve("resumed/adapter.gguf")).hasSameBinaryContentAs(folder.resolve("whole/adapter.gguf"));
    }

    private CommandProcess start(String out, Object... options) throws Exception {
        Path data = folder.resolve("data.jsonl");
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            lines.add("{\"prompt\": \"Who has %d apples?\", \"response\": \"Lily has %d apples.\"}".formatted(i, i));
        }
        Files.write(data, lines);
        List<Object> all = new ArrayList<>(List.of("train", "--base", Shared.path("models/stories260K-Q8_0.gguf")));
        all.addAll(List.of("--data", data, "--steps", STEPS, "--batch", 2, "--max-tokens", 32, "--dropout", 0.1));
        all.addAll(List.of("--backend", "reference", "--out", folder.resolve(out), "--json"));
        all.addAll(List.of(options));
        return CommandProcess.start(folder.resolve(out + ".err"), all.toArray());
    }
}
