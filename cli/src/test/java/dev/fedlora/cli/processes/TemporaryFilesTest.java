package dev.fedlora.cli.processes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.cli.testing.CommandRun;
import dev.fedlora.testkit.Shared;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What commands leave behind that are told to end. */
class TemporaryFilesTest {
    @TempDir
    private Path folder;

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "a process cannot be told there to end by itself")
    void bench_toldToEnd_leavesNoModel() throws Exception {
        Path temporary = Files.createDirectory(folder.resolve("temporary"));
        try (WatchService watch = FileSystems.getDefault().newWatchService()) {
            temporary.register(watch, StandardWatchEventKinds.ENTRY_CREATE);
            Object[] command = {"bench", "train", "--shape", "tiny", "--steps", 1_000_000, "--backend", "reference"};
            try (CommandProcess bench = CommandProcess.startOver(temporary, folder.resolve("err"), command)) {
                assertThat(watch.poll(1, TimeUnit.MINUTES)).as("a model").isNotNull();
                bench.terminate();
                assertThat(bench.exitCode()).isNotZero();
            }
        }
        try (var left = Files.list(temporary)) {
            assertThat(left.filter(file -> file.getFileName().toString().startsWith("fedlora")))
                    .isEmpty();
        }
    }

    @Test
    void quantize_interrupted_leavesNothingAndSaysSo() throws Exception {
        Path model = Shared.path("models/stories260K-f32.gguf");
        Thread.currentThread().interrupt(); // as the end of the process does it
        CommandRun run;
        try {
            run = CommandRun.of("model", "quantize", model, "--type", "Q8_0", "--out", folder.resolve("out.gguf"));
        } finally {
            Thread.interrupted();
        }
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).endsWith("fedlora: interrupted" + System.lineSeparator());
        assertThat(folder).isEmptyDirectory();
    }
}
