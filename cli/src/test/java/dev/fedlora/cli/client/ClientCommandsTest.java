package dev.fedlora.cli.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.cli.testing.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClientCommandsTest {
    @TempDir
    private Path folder;

    @Test
    void join_newFolder_makesIdentityForItsOwnerAlone() throws IOException {
        CommandRun run = join(1);
        assertThat(run.exitCode()).isZero();
        assertThat(run.json().get("id").asLong()).isEqualTo(1);
        assertThat(run.json().get("identityKey").asText()).matches("[0-9a-f]{64}");
        assertThat(permissions(home(1))).isEqualTo("rwx------");
        assertThat(permissions(home(1).resolve("identity.key"))).isEqualTo("rw-------");
    }

    @Test
    void join_again_keepsKeyAndSettings() throws IOException {
        CommandRun first = join(1, "--url", "https://fed.example.org");
        CommandRun second = join(1, "--task", "wards");
        assertThat(second.json()).isEqualTo(first.json());
        JsonNode agent =
                new ObjectMapper().readTree(home(1).resolve("agent.json").toFile());
        assertThat(agent.get("coordinator").asText()).isEqualTo("https://fed.example.org");
        assertThat(agent.get("task").asText()).isEqualTo("wards");
    }

    @Test
    void join_folderOfAnotherClient_isRefused() {
        join(1);
        CommandRun run = CommandRun.of("client", "join", "--dir", home(1), "--name", "two", "--id", 2);
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("belongs to client 1").contains("client 2");
    }

    @Test
    void join_everythingWrong_tellsAllAndMakesNothing() throws IOException {
        join(1);
        Path roster = roster(1);
        CommandRun run = join(
                2,
                "--url",
                "http://fed.example.org",
                "--coordinator-key",
                "abc",
                "--data",
                folder.resolve("none.jsonl"),
                "--roster",
                roster);
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err())
                .contains("--url: ")
                .contains("use https")
                .contains("--coordinator-key: expected an Ed25519 public key")
                .contains("none.jsonl")
                .contains("--roster: ");
        assertThat(run.err().lines()).hasSize(4);
        assertThat(home(2)).doesNotExist();
    }

    @Test
    void join_nameThatNoRosterTakes_isWrongUsage() {
        CommandRun run = CommandRun.of("client", "join", "--dir", home(1), "--name", "a b", "--id", 1);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("'a b'");
        assertThat(home(1)).doesNotExist();
    }

    @Test
    void join_rosterWithThisClient_pinsItsHash() throws IOException {
        join(1);
        join(2);
        Path roster = roster(1, 2);
        assertThat(join(2, "--roster", roster).exitCode()).isZero();
        JsonNode agent =
                new ObjectMapper().readTree(home(2).resolve("agent.json").toFile());
        assertThat(agent.get("rosterSha256").asText())
                .isEqualTo(Roster.ofJson(Files.readString(roster)).hash().hex());
    }

    @Test
    void rosterCreate_sameEntryTwice_isRefused() {
        join(1);
        Path entry = home(1).resolve("roster-entry.json");
        CommandRun run = CommandRun.of("roster", "create", "--out", folder.resolve("roster.json"), entry, entry);
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("every id may occur once");
        assertThat(folder.resolve("roster.json")).doesNotExist();
    }

    @Test
    void rosterCreate_entryWithBadKey_namesFileAndField() throws IOException {
        Path entry = Files.writeString(
                folder.resolve("entry.json"), "{\"id\": 1, \"name\": \"one\", \"identityKey\": \"00ff\"}");
        CommandRun run = CommandRun.of("roster", "create", "--out", folder.resolve("roster.json"), entry);
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("entry.json").contains("identityKey").contains("32 bytes");
        assertThat(run.err().lines()).hasSize(1);
    }

    @Test
    void run_folderThatNeverJoined_saysHow() {
        CommandRun run = CommandRun.of("client", "run", "--dir", home(1), "--backend", "reference");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("client join");
    }

    @Test
    void run_incompleteConfiguration_tellsAllThatIsMissing() {
        join(1);
        CommandRun run = CommandRun.of("client", "run", "--dir", home(1), "--backend", "reference");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err())
                .contains("coordinator: missing")
                .contains("coordinatorKey: missing")
                .contains("task: ");
    }

    private CommandRun join(int client, Object... more) {
        Object[] first = {
            "client", "join", "--dir", home(client), "--name", "client-" + client, "--id", client, "--json"
        };
        Object[] arguments = java.util.Arrays.copyOf(first, first.length + more.length);
        System.arraycopy(more, 0, arguments, first.length, more.length);
        return CommandRun.of(arguments);
    }

    private Path roster(int... clients) {
        Path roster = folder.resolve("roster.json");
        Object[] arguments = new Object[4 + clients.length];
        Object[] first = {"roster", "create", "--out", roster};
        System.arraycopy(first, 0, arguments, 0, first.length);
        for (int i = 0; i < clients.length; i++) {
            arguments[first.length + i] = home(clients[i]).resolve("roster-entry.json");
        }
        assertThat(CommandRun.of(arguments).exitCode()).isZero();
        return roster;
    }

    private Path home(int client) {
        return folder.resolve("home-" + client);
    }

    private static String permissions(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }
}
