package dev.fedlora.cli.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.cli.testing.CommandRun;
import dev.fedlora.client.testing.TinyBertFile;
import dev.fedlora.client.testing.TinyLlamaFile;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What keeps a coordinator from starting; that one runs is tested with processes. */
class CoordinatorCommandsTest {
    @TempDir
    private Path folder;

    private Path roster = Path.of("");

    @BeforeEach
    void writeRoster() {
        assertThat(CommandRun.of("client", "join", "--dir", folder.resolve("c"), "--id", 1, "--name", "one")
                        .exitCode())
                .isZero();
        roster = folder.resolve("roster.json");
        assertThat(CommandRun.of("roster", "create", "--out", roster, folder.resolve("c/roster-entry.json"))
                        .exitCode())
                .isZero();
    }

    @Test
    void init_newFolder_hasKeyForItsOwnerAlone() throws IOException {
        CommandRun run = CommandRun.of("coordinator", "init", "--dir", folder.resolve("new"));
        assertThat(run.exitCode()).isZero();
        assertThat(run.out().strip()).matches("[0-9a-f]{64}");
        assertThat(PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(folder.resolve("new").resolve("coordinator.key"))))
                .isEqualTo("rw-------");
    }

    @Test
    void init_folderWithKey_keepsAndPrintsIt() {
        CommandRun first = CommandRun.of("coordinator", "init", "--dir", folder.resolve("new"));
        CommandRun second = CommandRun.of("coordinator", "init", "--dir", folder.resolve("new"));
        assertThat(second).isEqualTo(first);
    }

    @Test
    void init_placeOfAFile_isToldInOneLine() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertFails(CommandRun.of("coordinator", "init", "--dir", file), file.toString());
    }

    @Test
    void run_portInUse_isToldInOneLine() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String address = "127.0.0.1:" + taken.getLocalPort();
            assertFails(run(folder.resolve("server"), "--listen", address), address, "in use");
        }
    }

    @Test
    void run_otherAddressWithoutTls_isToldInOneLine() {
        assertFails(run(folder.resolve("server"), "--listen", "0.0.0.0:0"), "0.0.0.0", "tls.certificate");
        assertThat(folder.resolve("server")).doesNotExist();
    }

    @Test
    void run_dataDirectoryThatCannotBeMade_isToldInOneLine() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertFails(run(file.resolve("inside")), file.toString());
    }

    @Test
    void run_noRosterAndNoDirectory_tellsBoth() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        CommandRun run = CommandRun.of(
                "coordinator",
                "run",
                "--dir",
                file,
                "--roster",
                folder.resolve("none.json"),
                "--listen",
                "127.0.0.1:0");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("none.json").contains(file + " is not a directory");
        assertThat(run.err().lines()).hasSize(2);
    }

    @Test
    void run_addressWithoutPort_isWrongUsage() {
        CommandRun run = run(folder.resolve("server"), "--listen", "localhost");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("HOST:PORT").contains("localhost");
    }

    @Test
    void run_taskOfAnotherBase_isToldBeforeAnythingIsMade() throws IOException {
        Path base = TinyBertFile.write(folder.resolve("base.gguf"), 1);
        Path other = TinyBertFile.write(folder.resolve("other.gguf"), 2);
        Path draft = Files.writeString(
                folder.resolve("draft.yaml"),
                "{task: t, federation: f, rounds: 1, labels: [a, b], aggregation: {weightCap: 9}}");
        Path task = folder.resolve("task.json");
        assertThat(CommandRun.of("task", "create", "-f", draft, "--base", base, "--out", task)
                        .exitCode())
                .isZero();
        CommandRun run = run(folder.resolve("server"), "--listen", "127.0.0.1:0", "--task", task, "--base", other);
        assertFails(run, task.toString(), other.toString());
        assertThat(folder.resolve("server")).doesNotExist();
    }

    @Test
    void run_taskWhoseTemplateIsUnknown_isToldBeforeAnythingIsMade() throws IOException {
        Path base = TinyLlamaFile.write(folder.resolve("base.gguf"), 1);
        Path draft = Files.writeString(
                folder.resolve("draft.yaml"),
                "{task: t, federation: f, rounds: 1, labels: none, template: plain, aggregation: {weightCap: 9}}");
        Path task = folder.resolve("task.json");
        CommandRun.of("task", "create", "-f", draft, "--base", base, "--out", task);
        // as a program would make it that knows more templates
        Files.writeString(task, Files.readString(task).replace("\"plain\"", "\"morse\""));
        CommandRun run = run(folder.resolve("server"), "--listen", "127.0.0.1:0", "--task", task, "--base", base);
        assertFails(run, task + ": template morse is unknown, allowed are [auto, plain, ");
        assertThat(folder.resolve("server")).doesNotExist();
    }

    @Test
    void status_nobodyThere_isToldInOneLine() throws IOException {
        int port;
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = closed.getLocalPort();
        }
        assertFails(
                CommandRun.of("coordinator", "status", "--url", "http://127.0.0.1:" + port),
                "no coordinator answers at http://127.0.0.1:" + port);
    }

    @Test
    void status_plainHttpToAnotherMachine_isWrongUsage() {
        CommandRun run = CommandRun.of("coordinator", "status", "--url", "http://fed.example.org");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("http://fed.example.org").contains("use https");
    }

    private CommandRun run(Path directory, Object... more) {
        Object[] arguments = new Object[6 + more.length];
        Object[] first = {"coordinator", "run", "--dir", directory, "--roster", roster};
        System.arraycopy(first, 0, arguments, 0, first.length);
        System.arraycopy(more, 0, arguments, first.length, more.length);
        return CommandRun.of(arguments);
    }

    private static void assertFails(CommandRun run, String... words) {
        assertThat(run.exitCode()).as(run.err()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains(words);
        assertThat(run.err().lines()).hasSize(1);
    }
}
