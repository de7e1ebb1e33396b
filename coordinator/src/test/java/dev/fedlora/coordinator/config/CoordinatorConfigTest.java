package dev.fedlora.coordinator.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CoordinatorConfigTest {
    @TempDir
    Path folder;

    private CoordinatorConfig valid;

    @BeforeEach
    void writeRoster() throws IOException {
        Path roster = Files.writeString(folder.resolve("roster.json"), "{}");
        valid = CoordinatorConfig.onLoopback(folder.resolve("data"), roster);
    }

    @Test
    void problems_ofLoopbackDefaults_none() {
        assertThat(valid.problems()).isEmpty();
    }

    @Test
    void requireValid_fiveMistakes_listsAllFive() {
        Limits limits = new Limits(3, Duration.ZERO, Duration.ofSeconds(90), Duration.ofSeconds(30), 10);
        CoordinatorConfig wrong = new CoordinatorConfig(
                " ", new ListenAddress("127.0.0.1", 70_000), folder, folder.resolve("none.json"), null, limits);
        assertThatThrownBy(wrong::requireValid)
                .isInstanceOfSatisfying(StartupException.class, e -> {
                    assertThat(e.reason()).isEqualTo(StartupException.Reason.CONFIGURATION);
                    assertThat(e.problems()).hasSize(5);
                })
                .hasMessageContaining("publicName")
                .hasMessageContaining("70000")
                .hasMessageContaining("none.json does not exist")
                .hasMessageContaining("limits.maxBodyBytes must be at least 1024, got 3")
                .hasMessageContaining("limits.bodyIdle");
    }

    @Test
    void problems_plainHttpOffLoopback_asksForTls() {
        assertThat(valid.withListen(new ListenAddress("0.0.0.0", 0)).problems())
                .singleElement()
                .asString()
                .contains("0.0.0.0", "tls.certificate", "loopback");
    }

    @Test
    void problems_tlsFilesMissing_namesBoth() {
        TlsFiles files = new TlsFiles(folder.resolve("cert.pem"), folder.resolve("key.pem"));
        assertThat(valid.withTls(files).problems())
                .containsExactly(
                        "tls.certificate " + files.certificate() + " does not exist",
                        "tls.key " + files.key() + " does not exist");
    }

    @Test
    void problems_idleShorterThanLongPoll_refused() {
        Limits limits = new Limits(1 << 20, Duration.ofSeconds(1), Duration.ofSeconds(30), Duration.ofSeconds(30), 10);
        assertThat(valid.withLimits(limits).problems())
                .containsExactly("limits.connectionIdle must be longer than limits.maxWait (PT30S), got PT30S");
    }

    @Test
    void problems_dataDirectoryIsAFile_named() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThat(CoordinatorConfig.onLoopback(file, valid.roster()).problems())
                .containsExactly("dataDirectory " + file + " is not a directory");
    }

    @Test
    void isLoopback_ipv6AndName_recognised() throws Exception {
        assertThat(new ListenAddress("::1", 1).isLoopback()).isTrue();
        assertThat(new ListenAddress("localhost", 1).isLoopback()).isTrue();
        assertThat(new ListenAddress("::", 1).isLoopback()).isFalse();
        assertThat(new ListenAddress("::1", 8080)).hasToString("[::1]:8080");
    }
}
