package dev.fedlora.simulations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.client.ProgressListener;
import dev.fedlora.client.RoundReport;
import dev.fedlora.client.TaskReport;
import dev.fedlora.client.agent.AgentConfig;
import dev.fedlora.client.agent.ClientAgent;
import dev.fedlora.client.policy.RefusedException;
import dev.fedlora.client.testing.Federation;
import dev.fedlora.client.testing.TinyBertFile;
import dev.fedlora.client.training.TransformerTrainers;
import dev.fedlora.coordinator.CoordinatorServer;
import dev.fedlora.coordinator.config.CoordinatorConfig;
import dev.fedlora.lora.safetensors.AdapterBytes;
import dev.fedlora.lora.tensor.MatrixBackends;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Agents from their files alone, training a transformer over HTTP. */
class AgentFederationTest {
    @TempDir
    Path folder;

    private final Federation federation = new Federation(3);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private CoordinatorServer server;
    private TaskSpec task;
    private byte[] start;

    @BeforeEach
    void startServer() throws IOException {
        Path base = TinyBertFile.write(folder.resolve("base.gguf"), 3);
        try (TransformerTrainers trainers = TransformerTrainers.open(base, MatrixBackends.select("reference"), 1)) {
            TaskSpec like = federation.task(2, Protocol.SECAGG, 3, null);
            task = new TaskSpec(
                    like.task(),
                    like.federation(),
                    like.architecture(),
                    trainers.model().sha256(),
                    like.adapter(),
                    TinyBertFile.LABELS,
                    like.maxTokens(),
                    like.rounds(),
                    like.training(),
                    like.aggregation(),
                    null);
            start = AdapterBytes.encode(trainers.newAdapter(task));
        }
        Path roster = Files.writeString(
                folder.resolve("roster.json"), federation.roster().toJson());
        server = CoordinatorServer.start(CoordinatorConfig.onLoopback(folder.resolve("coordinator"), roster));
    }

    @AfterEach
    void stop() {
        threads.shutdownNow();
        server.close();
    }

    @Test
    void run_threeAgents_leaveTheSameFinalAdapter() throws Exception {
        server.roundService().createTask(task, start);
        server.roundService().start("line");
        List<ClientAgent> agents = new ArrayList<>();
        List<Future<TaskReport>> running = new ArrayList<>();
        for (long id = 1; id <= 3; id++) {
            ClientAgent agent = agent(id, "");
            agents.add(agent);
            running.add(threads.submit(agent::run));
        }

        for (int i = 0; i < 3; i++) {
            TaskReport report = running.get(i).get(2, TimeUnit.MINUTES);
            assertThat(report.rounds())
                    .extracting(RoundReport::outcome)
                    .containsExactly(RoundReport.Outcome.FINISHED, RoundReport.Outcome.FINISHED);
            byte[] left = Files.readAllBytes(agents.get(i).adapterFile());
            assertThat(AdapterBytes.sha256(left)).isEqualTo(report.adapterHash().hex());
            assertThat(report.adapterHash())
                    .isEqualTo(server.roundService().status("line").adapter());
        }
        // when the task is over, a client that comes back gets the adapter and takes part in nothing
        TaskReport again = agent(1, "").run();
        assertThat(again.rounds()).isEmpty();
        assertThat(again.adapterHash())
                .isEqualTo(server.roundService().status("line").adapter());
    }

    @Test
    void run_policyForbidsTheTask_isRefusedWithTheReason() throws Exception {
        server.roundService().createTask(task, start);
        Files.writeString(folder.resolve("policy.json"), "{\"requirePrivacy\": true}");

        assertThatExceptionOfType(RefusedException.class)
                .isThrownBy(() -> agent(1, ", \"policy\": \"policy.json\"").run())
                .withMessage("refused task line: the task has no differential privacy, and the policy requires it");
    }

    private ClientAgent agent(long id, String more) throws IOException {
        Path identity = folder.resolve("identity-" + id + ".key");
        if (!Files.exists(identity)) {
            federation.client(id).save(identity);
            TinyBertFile.writeJsonl(folder.resolve("notes-" + id + ".jsonl"), TinyBertFile.examples("c" + id, 30, id));
        }
        Path file = Files.writeString(folder.resolve("client-" + id + ".json"), """
                {"clientId": %1$d, "coordinator": "%2$s", "coordinatorKey": "%3$s", "rosterSha256": "%4$s",
                 "identity": "identity-%1$d.key", "task": "line", "data": "notes-%1$d.jsonl", "baseModel": "base.gguf",
                 "state": "state-%1$d"%5$s}
                """.formatted(
                id, server.uri(), server.publicKey(), federation.roster().hash(), more));
        return new ClientAgent(AgentConfig.read(file), MatrixBackends.select("reference"), 1, ProgressListener.NONE);
    }
}
