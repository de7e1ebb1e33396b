package dev.fedlora.cli.secagg;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.fedlora.cli.testing.CommandRun;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SecaggCommandsTest {
    @ParameterizedTest
    @CsvSource({"3, 2, 0", "5, 1000, 0.4", "12, 77, 0.25"})
    void bench_clientsLost_sumIsExact(int clients, int dimension, double dropout) {
        CommandRun run = CommandRun.of(
                "secagg", "bench", "--clients", clients, "--dimension", dimension, "--dropout", dropout, "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        JsonNode json = run.json();
        assertThat(json.get("exact").asBoolean()).isTrue();
        assertThat(json.get("clientMillis").asDouble()).isPositive();
        assertThat(json.get("serverMillis").asDouble()).isPositive();
        // four bytes a coordinate, and messages
        assertThat(json.get("uploadBytes").asLong()).isGreaterThan(4L * dimension);
    }

    @Test
    void bench_moreLostThanTheThresholdLeaves_isWrongUsage() {
        CommandRun run = CommandRun.of("secagg", "bench", "--clients", 6, "--dropout", 0.5, "--dimension", 10);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("of 6 clients at most 2 may be lost, got 3");
    }

    @ParameterizedTest
    @CsvSource({"3, 0, 2, 2", "9, 0, 8, 5", "128, 0, 127, 65", "10, 0.2, 9, 7"})
    void graph_completeGraph_hasLeastSafeThreshold(int clients, double corrupt, int degree, int threshold) {
        CommandRun run = CommandRun.of("secagg", "graph", "--clients", clients, "--corrupt", corrupt, "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.json().get("degree").asInt()).isEqualTo(degree);
        assertThat(run.json().get("threshold").asInt()).isEqualTo(threshold);
    }

    @Test
    void graph_largerCohort_isRefusedByName() {
        CommandRun run = CommandRun.of("secagg", "graph", "--clients", 129);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("3 to 128").contains("got 129").contains("random graph");
    }

    @Test
    void graph_moreDropoutThanTheThresholdLeaves_isWrongUsage() {
        CommandRun run = CommandRun.of("secagg", "graph", "--clients", 10, "--dropout", 0.6);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("4 of 10 clients are left").contains("6 shares");
    }
}
