package dev.fedlora.simulations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.client.FederatedClient;
import dev.fedlora.client.RoundReport;
import dev.fedlora.client.TaskReport;
import dev.fedlora.client.http.HttpOptions;
import dev.fedlora.client.http.HttpTransport;
import dev.fedlora.client.policy.ClientPolicy;
import dev.fedlora.client.testing.Clients;
import dev.fedlora.client.testing.Federation;
import dev.fedlora.client.transport.CoordinatorException;
import dev.fedlora.client.transport.WaitingTime;
import dev.fedlora.coordinator.CoordinatorServer;
import dev.fedlora.coordinator.config.CoordinatorConfig;
import dev.fedlora.lora.safetensors.AdapterBytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The product's client against the product's coordinator over real connections. */
class HttpFederationTest {
    @TempDir
    Path folder;

    private final Federation federation = new Federation(4);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private CoordinatorServer server;

    @BeforeEach
    void startServer() throws IOException {
        Path roster = Files.writeString(
                folder.resolve("roster.json"), federation.roster().toJson());
        server = CoordinatorServer.start(CoordinatorConfig.onLoopback(folder.resolve("coordinator"), roster));
    }

    @AfterEach
    void stop() {
        threads.shutdownNow();
        server.close();
    }

    @ParameterizedTest
    @EnumSource(Protocol.class)
    void run_fourClientsTwoRounds_endWithTheSameAdapter(Protocol protocol) throws Exception {
        TaskSpec task = federation.task(2, protocol, 3, null);
        server.roundService().createTask(task, AdapterBytes.encode(Federation.adapter()));
        List<Future<TaskReport>> running = new ArrayList<>();
        for (long id = 1; id <= 4; id++) {
            running.add(threads.submit(client(id)));
        }
        server.roundService().start("line");

        List<TaskReport> reports = new ArrayList<>();
        for (Future<TaskReport> each : running) {
            reports.add(each.get(2, TimeUnit.MINUTES));
        }

        assertThat(reports).allSatisfy(report -> {
            assertThat(report.rounds())
                    .extracting(RoundReport::outcome)
                    .containsExactly(RoundReport.Outcome.FINISHED, RoundReport.Outcome.FINISHED);
            assertThat(report.adapterHash())
                    .isEqualTo(server.roundService().status("line").adapter());
        });
        assertThat(reports.get(0).rounds().get(1).survivors()).containsExactly(1L, 2L, 3L, 4L);
    }

    @Test
    void run_privateTask_ledgersOfBothSidesAgree() throws Exception {
        TaskSpec task = federation.privateTask(8);
        server.roundService().createTask(task, AdapterBytes.encode(Federation.adapter()));
        List<Future<TaskReport>> running = new ArrayList<>();
        for (long id = 1; id <= 4; id++) {
            running.add(threads.submit(client(id)));
        }
        server.roundService().start("line");

        for (Future<TaskReport> each : running) {
            List<RoundReport> rounds = each.get(2, TimeUnit.MINUTES).rounds();
            assertThat(rounds.get(2).epsilon())
                    .isEqualTo(server.roundService().status("line").epsilon());
        }
    }

    @Test
    void task_unknown_isTheCoordinatorsProblem() throws Exception {
        try (HttpTransport transport = transport(1, federation.client(1))) {
            assertThatExceptionOfType(CoordinatorException.class)
                    .isThrownBy(() -> transport.task("nothing"))
                    .satisfies(e -> assertThat(e.status()).isEqualTo(404))
                    .satisfies(e -> assertThat(e.type()).isEqualTo("unknown-task"))
                    .withMessage("the coordinator answered 404 unknown-task: there is no task nothing");
        }
    }

    @Test
    void adapter_askedForWithAKeyThatIsNotOnTheRoster_isRefused() throws Exception {
        TaskSpec task = federation.task(1);
        var hash = server.roundService().createTask(task, AdapterBytes.encode(Federation.adapter()));
        try (IdentityKeys stranger = IdentityKeys.generate(new SecureRandom());
                HttpTransport transport = transport(1, stranger)) {
            assertThatExceptionOfType(CoordinatorException.class)
                    .isThrownBy(() -> transport.adapter(hash))
                    .satisfies(e -> assertThat(e.status()).isEqualTo(401))
                    .satisfies(e -> assertThat(e.type()).isEqualTo("signature-invalid"));
        }
    }

    private HttpTransport transport(long id, IdentityKeys keys) throws IOException {
        return new HttpTransport(HttpOptions.of(server.uri(), null), id, keys, WaitingTime.system());
    }

    private Callable<TaskReport> client(long id) {
        return () -> {
            try (HttpTransport transport = transport(id, federation.client(id));
                    FederatedClient client = FederatedClient.builder()
                            .transport(transport)
                            .identity(id, federation.client(id))
                            .pinned(server.publicKey(), federation.roster())
                            .policy(new ClientPolicy(3, 3, 0, false, 10, 1e-5, false))
                            .trainer((task, adapter) -> Clients.trainer(id))
                            .stateDirectory(folder.resolve("client-" + id))
                            .build()) {
                return client.run("line");
            }
        };
    }
}
