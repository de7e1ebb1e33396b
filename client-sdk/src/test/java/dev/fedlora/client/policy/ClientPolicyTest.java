package dev.fedlora.client.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.client.config.ConfigurationException;
import dev.fedlora.client.testing.Federation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClientPolicyTest {
    private final Federation federation = new Federation(3);

    @TempDir
    Path directory;

    @Test
    void objections_taskWithinThePolicy_none() {
        assertThat(ClientPolicy.DEFAULT.objections(federation.task(1))).isEmpty();
        assertThat(ClientPolicy.DEFAULT.objections(federation.privateTask(8))).isEmpty();
    }

    @Test
    void objections_everythingWrong_namesAllOfIt() {
        ClientPolicy strict = new ClientPolicy(10, 8, 0, true, 2, 1e-9, true);
        PrivacySpec privacy = new PrivacySpec(3, 1e-5, 1, 1, 0.1, 1, "record");

        assertThat(strict.objections(federation.task(1, Protocol.PLAIN, 3, privacy)))
                .containsExactly(
                        "updates would travel in the clear, and the policy requires secure aggregation",
                        "sums of 3 clients would be released, the policy asks for at least 8",
                        "the task may spend epsilon 3.0, the policy allows 2.0",
                        "the task's delta is 1.0E-5, the policy allows 1.0E-9");
    }

    @Test
    void objections_privacyRequiredAndAbsent_isNamed() {
        ClientPolicy strict = new ClientPolicy(3, 3, 0, true, 2, 1e-5, true);

        assertThat(strict.objections(federation.task(1)))
                .containsExactly("the task has no differential privacy, and the policy requires it");
    }

    @Test
    void read_emptyObject_isTheDefault() throws IOException {
        assertThat(ClientPolicy.read(file("{}"))).isEqualTo(ClientPolicy.DEFAULT);
    }

    @Test
    void read_allFields_areTaken() throws IOException {
        Path file = file("""
                {"minimumCohort": 7, "minimumSurvivors": 5, "corruptClients": 1, "requireSecureAggregation": false,
                 "maximumEpsilon": 2.5, "maximumDelta": 1e-7, "requirePrivacy": true}""");

        assertThat(ClientPolicy.read(file)).isEqualTo(new ClientPolicy(7, 5, 1, false, 2.5, 1e-7, true));
    }

    @Test
    void read_severalMistakes_listsThemAll() throws IOException {
        Path file = file("""
                {"minimumCohort": 2, "minimumSurvivors": 5, "requireSecureAggregation": "yes", "maximumEpsilon": -1,
                 "maximumDelta": 1, "minimumSurvivers": 3}""");

        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> ClientPolicy.read(file))
                .satisfies(e -> assertThat(e.mistakes())
                        .hasSize(5)
                        .anySatisfy(m ->
                                assertThat(m).isEqualTo("minimumSurvivors: expected at most minimumCohort (2), got 5"))
                        .anySatisfy(m -> assertThat(m).startsWith("requireSecureAggregation: expected true or false"))
                        .anySatisfy(m -> assertThat(m).startsWith("maximumEpsilon: expected a number from"))
                        .anySatisfy(m -> assertThat(m).startsWith("maximumDelta: expected a number from"))
                        .anySatisfy(m -> assertThat(m).startsWith("minimumSurvivers: there is no such field")));
    }

    @Test
    void construct_valuesOutOfRange_listsThemAll() {
        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> new ClientPolicy(0, 1, -1, true, Double.NaN, 0, true))
                .satisfies(e -> assertThat(e.mistakes()).hasSize(5));
    }

    private Path file(String json) throws IOException {
        return Files.writeString(directory.resolve("policy.json"), json);
    }
}
