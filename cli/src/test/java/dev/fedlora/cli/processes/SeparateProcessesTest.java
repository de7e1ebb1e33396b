package dev.fedlora.cli.processes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.fedlora.cli.testing.CommandRun;
import dev.fedlora.client.testing.TinyBertFile;
import dev.fedlora.client.testing.TinyLlamaFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A coordinator and two of its three clients, each a process of its own, over HTTP on this machine. */
class SeparateProcessesTest {
    private static final int CLIENTS = 3;
    /** The client that never comes; two of three reach the threshold. */
    private static final int ABSENT = 3;
    /** 128 and SIGTERM. */
    private static final int TERMINATED = 143;
    /** The absent client is waited for that long; the others start and train in it, or in the next round's. */
    private static final String DRAFT = """
            task: wards
            federation: north
            rounds: 1
            maxTokens: 32
            adapter: {rank: 2, alpha: 4}
            training: {learningRate: 0.01, headLearningRate: 0.05, batchSize: 4, dataFraction: 0.5}
            aggregation:
              minimumSurvivors: 2
              weightCap: 10
              deadlines: {keys: PT15S, others: PT30S}
            """;

    /** What the clients have, and what it is learned over. */
    private enum Kind {
        LABELLED_TEXTS("[ask, tell]") {
            @Override
            void writeBase(Path file) throws IOException {
                TinyBertFile.write(file, 3);
            }

            @Override
            void writeData(Path file, int client) throws IOException {
                TinyBertFile.writeJsonl(file, TinyBertFile.examples("ward " + client, 12, client));
            }
        },
        PROMPTS("none") {
            @Override
            void writeBase(Path file) throws IOException {
                TinyLlamaFile.write(file, 3);
            }

            @Override
            void writeData(Path file, int client) throws IOException {
                TinyLlamaFile.writeJsonl(file, TinyLlamaFile.prompts("ward " + client, 12, client));
            }
        };

        private final String labels;

        Kind(String labels) {
            this.labels = labels;
        }

        abstract void writeBase(Path file) throws IOException;

        abstract void writeData(Path file, int client) throws IOException;
    }

    @TempDir
    private Path folder;

    private String coordinatorKey = "";

    private void prepareFederation(Kind kind) throws IOException {
        kind.writeBase(folder.resolve("base.gguf"));
        coordinatorKey = done("coordinator", "init", "--dir", folder.resolve("coordinator"))
                .get("publicKey")
                .asText();
        List<Object> roster = new ArrayList<>(List.of("roster", "create", "--out", folder.resolve("roster.json")));
        for (int client = 1; client <= CLIENTS; client++) {
            kind.writeData(data(client), client);
            done("client", "join", "--dir", home(client), "--id", client, "--name", "ward-" + client);
            roster.add(home(client).resolve("roster-entry.json"));
        }
        done(roster.toArray());
        Files.writeString(folder.resolve("policy.json"), "{\"minimumSurvivors\": 2}");
        Files.writeString(folder.resolve("task.yaml"), DRAFT + "labels: " + kind.labels + "\n");
        done(
                "task",
                "create",
                "-f",
                folder.resolve("task.yaml"),
                "--base",
                folder.resolve("base.gguf"),
                "--out",
                folder.resolve("task.json"));
    }

    @ParameterizedTest
    @EnumSource
    void run_oneOfThreeClientsNeverComes_twoFinishWithTheSameAdapter(Kind kind) throws Exception {
        prepareFederation(kind);
        try (CommandProcess coordinator = startCoordinator()) {
            String url = coordinator.answer().get("url").asText();
            try (CommandProcess first = startClient(1, url);
                    CommandProcess second = startClient(2, url)) {
                JsonNode firstAnswer = first.answer();
                JsonNode secondAnswer = second.answer();
                assertThat(first.exitCode()).as(first.errors()).isZero();
                assertThat(second.exitCode()).as(second.errors()).isZero();
                assertThat(secondAnswer.get("adapter")).isEqualTo(firstAnswer.get("adapter"));
                assertThat(finishedRound(firstAnswer).get("survivors"))
                        .extracting(JsonNode::asLong)
                        .containsExactly(1L, 2L);

                JsonNode status = done("task", "show", "wards", "--url", url).get("status");
                assertThat(status.get("state").asText()).isEqualTo("finished");
                assertThat(status.get("adapter")).isEqualTo(firstAnswer.get("adapter"));
                JsonNode server = done("coordinator", "status", "--url", url);
                assertThat(server.get("ready").asBoolean()).isTrue();
                assertThat(server.get("tasks")).hasSize(1);

                coordinator.terminate();
                assertThat(coordinator.exitCode()).isEqualTo(TERMINATED);
                assertThat(coordinator.errors()).contains("stopped").doesNotContain("Exception");
                assertThat(List.of(coordinator, first, second)).noneMatch(CommandProcess::isAlive);
            }
        }
        JsonNode status = done("client", "status", "--dir", home(1));
        assertThat(status.get("rounds").get("north/wards").asLong()).isPositive();
        Path adapter = Path.of(status.get("adapter").asText());
        for (String form : List.of("PEFT", "GGUF")) {
            Path export = folder.resolve(form);
            done("adapter", "convert", adapter, "--to", form, "--out", export, "--base", folder.resolve("base.gguf"));
            done("adapter", "verify", export, "--base", folder.resolve("base.gguf"));
        }
        assertThat(ProcessHandle.current().descendants()).isEmpty();
    }

    /** A machine that is busy may need a second round: the first is aborted when nobody is in time. */
    private static JsonNode finishedRound(JsonNode answer) {
        for (JsonNode round : answer.get("rounds")) {
            if (round.get("outcome").asText().equals("finished")) {
                return round;
            }
        }
        throw new AssertionError("no round finished: " + answer);
    }

    private CommandProcess startCoordinator() throws IOException {
        return CommandProcess.start(
                folder.resolve("coordinator.err"),
                "coordinator",
                "run",
                "--dir",
                folder.resolve("coordinator"),
                "--roster",
                folder.resolve("roster.json"),
                "--listen",
                "127.0.0.1:0",
                "--task",
                folder.resolve("task.json"),
                "--base",
                folder.resolve("base.gguf"),
                "--json");
    }

    private CommandProcess startClient(int client, String url) throws IOException {
        assertThat(client).isNotEqualTo(ABSENT);
        done(
                "client",
                "join",
                "--dir",
                home(client),
                "--id",
                client,
                "--name",
                "ward-" + client,
                "--url",
                url,
                "--coordinator-key",
                coordinatorKey,
                "--roster",
                folder.resolve("roster.json"),
                "--task",
                "wards",
                "--data",
                data(client),
                "--base",
                folder.resolve("base.gguf"),
                "--policy",
                folder.resolve("policy.json"));
        return CommandProcess.start(
                folder.resolve("client-" + client + ".err"),
                "client",
                "run",
                "--dir",
                home(client),
                "--backend",
                "reference",
                "--threads",
                1,
                "--json");
    }

    /** Runs a command in this process, which must succeed; returns its answer. */
    private static JsonNode done(Object... arguments) {
        List<Object> withJson = new ArrayList<>(List.of(arguments));
        withJson.add("--json");
        CommandRun run = CommandRun.of(withJson.toArray());
        assertThat(run.exitCode()).as(run.err()).isZero();
        return run.json();
    }

    private Path home(int client) {
        return folder.resolve("client-" + client);
    }

    private Path data(int client) {
        return folder.resolve("data-" + client + ".jsonl");
    }
}
