package dev.fedlora.client.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fedlora.client.config.ConfigurationException;
import dev.fedlora.client.policy.ClientPolicy;
import dev.fedlora.client.testing.Federation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgentConfigTest {
    @TempDir
    Path folder;

    private final Federation federation = new Federation(3);

    @BeforeEach
    void writeFiles() throws IOException {
        Files.writeString(folder.resolve("roster.json"), federation.roster().toJson());
        Files.writeString(folder.resolve("identity.key"), "x");
        Files.writeString(folder.resolve("notes.jsonl"), "x");
        Files.writeString(folder.resolve("base.gguf"), "x");
        Files.writeString(folder.resolve("policy.json"), "{\"minimumCohort\": 9, \"minimumSurvivors\": 0}");
    }

    @Test
    void read_onlyWhatIsRequired_takesTheDefaults() throws IOException {
        AgentConfig config = AgentConfig.read(file(federation.roster().hash().hex(), "https://fed.example.org", ""));

        assertThat(config.clientId()).isEqualTo(3);
        assertThat(config.roster()).isEqualTo(federation.roster());
        assertThat(config.identity()).isEqualTo(folder.resolve("identity.key"));
        assertThat(config.data()).isEqualTo(folder.resolve("notes.jsonl"));
        assertThat(config.policy()).isEqualTo(ClientPolicy.DEFAULT);
        assertThat(config.state()).isEqualTo(folder.resolve("state"));
        assertThat(config.http().coordinator()).hasHost("fed.example.org");
    }

    @Test
    void read_rosterThatIsNotPinned_isRefusedNamingBothHashes() throws IOException {
        Path file = file("ab".repeat(32), "https://fed.example.org", "");

        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> AgentConfig.read(file))
                .satisfies(e -> assertThat(e.mistakes())
                        .containsExactly("roster: %s has the hash %s, pinned is %s"
                                .formatted(
                                        folder.resolve("roster.json"),
                                        federation.roster().hash(),
                                        "ab".repeat(32))));
    }

    @Test
    void read_manyMistakes_listsThemAllAndThePolicysToo() throws IOException {
        Path file = file(
                "xyz",
                "http://fed.example.org",
                ", \"policy\": \"policy.json\", \"trustedCertificates\": \"ca.pem\", \"identity\": \"no.key\","
                        + " \"colour\": 1");

        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> AgentConfig.read(file))
                .satisfies(e -> assertThat(e.mistakes())
                        .hasSize(6)
                        .anySatisfy(m -> assertThat(m).startsWith("trustedCertificates: there is no file "))
                        .anySatisfy(m -> assertThat(m).startsWith("coordinator: coordinator address http://"))
                        .anySatisfy(m -> assertThat(m).startsWith("rosterSha256: expected 64 hex digits"))
                        .anySatisfy(m -> assertThat(m).startsWith("identity: there is no file "))
                        .anySatisfy(m -> assertThat(m).contains("policy.json: minimumSurvivors: expected"))
                        .anySatisfy(m -> assertThat(m).startsWith("colour: there is no such field")));
    }

    private Path file(String rosterHash, String coordinator, String more) throws IOException {
        return Files.writeString(folder.resolve("client.json"), """
                {"clientId": 3, "coordinator": "%s", "coordinatorKey": "%s", "rosterSha256": "%s", "task": "line",
                 "data": "notes.jsonl", "baseModel": "base.gguf"%s}
                """.formatted(
                        coordinator, federation.coordinatorKey(), rosterHash, more));
    }
}
