package dev.fedlora.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@DisabledOnOs(value = OS.WINDOWS, disabledReason = "a process cannot be told there to end by itself")
@Timeout(300) // a demo that does not end must not hang the project's build
class DemoInterruptionTest {
    @TempDir
    private Path folder;

    @Test
    void demo_toldToEndInTheMiddleOfARound_leavesNothingBehind() throws Exception {
        Path temporary = Files.createDirectory(folder.resolve("tmp"));
        Process demo = start(temporary);
        try (BufferedReader err = demo.errorReader(StandardCharsets.UTF_8)) {
            String line = err.readLine();
            while (line != null && !line.startsWith("round clients")) {
                line = err.readLine();
            }
            assertThat(line).as("the demo began").isNotNull();
            assertThat(scratchFolders(temporary)).hasSize(1);
            demo.toHandle().destroy(); // as Ctrl-C does, but for the number of the signal; the stream stays open
            while (line != null) {
                assertThat(line).doesNotContain("\tat ");
                line = err.readLine();
            }
        }
        assertThat(demo.waitFor()).isNotZero();
        assertThat(scratchFolders(temporary)).isEmpty();
        assertThat(folder.resolve("out")).doesNotExist();
    }

    /** The command in a process of its own, with this one's class path and flags. */
    private Process start(Path temporary) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (flag.startsWith("--add-modules") || flag.startsWith("-Dorg.bytedeco")) {
                command.add(flag);
            }
        }
        command.add("-Xmx700m");
        command.add("-Djava.io.tmpdir=" + temporary);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.fedlora.cli.Fedlora", "demo"));
        command.addAll(List.of("--rounds", "50", "--out", folder.resolve("out").toString()));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("FEDLORA_CACHE", folder.resolve("cache").toString());
        builder.environment().put("OMP_NUM_THREADS", "1");
        return builder.start();
    }

    private static List<Path> scratchFolders(Path temporary) throws Exception {
        try (Stream<Path> all = Files.list(temporary)) {
            return all.filter(path -> path.getFileName().toString().startsWith("fedlora-demo-"))
                    .toList();
        }
    }
}
