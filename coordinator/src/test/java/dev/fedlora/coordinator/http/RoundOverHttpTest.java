package dev.fedlora.coordinator.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.aggregation.encoding.UpdateEncoder;
import dev.fedlora.aggregation.rule.FedAvg;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.RoundAborted;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.RoundResult;
import dev.fedlora.coordinator.config.Limits;
import dev.fedlora.coordinator.round.RoundEvent;
import dev.fedlora.coordinator.round.TaskStatus;
import dev.fedlora.coordinator.store.AdapterVersion;
import dev.fedlora.coordinator.store.RoundState;
import dev.fedlora.coordinator.store.TaskState;
import dev.fedlora.coordinator.testing.Adapters;
import dev.fedlora.coordinator.testing.Problems;
import dev.fedlora.coordinator.testing.Rounds;
import dev.fedlora.coordinator.testing.Tasks;
import dev.fedlora.coordinator.testing.TestClient;
import dev.fedlora.coordinator.testing.TestCoordinator;
import dev.fedlora.coordinator.testing.TestFederation;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.safetensors.AdapterBytes;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole rounds over real HTTP: five clients, threshold 3, at least 3 survivors. */
class RoundOverHttpTest {
    @TempDir
    Path data;

    private TestCoordinator coordinator;

    private List<TestClient> start(Protocol protocol, int rounds) {
        coordinator = new TestCoordinator(new TestFederation(5), data, Limits.DEFAULT);
        coordinator.run(Tasks.task("triage", rounds, Tasks.aggregation(protocol, 3), null));
        return coordinator.clients("triage");
    }

    @AfterEach
    void close() {
        coordinator.close();
    }

    @Test
    void secureRound_everyoneAnswers_adapterIsExactlyTheAverage() {
        List<TestClient> clients = start(Protocol.SECAGG, 1);
        Rounds.join(clients);
        Rounds.run(clients);
        RoundResult result = clients.get(0).result();
        assertThat(result.survivors()).containsExactly(10L, 20L, 30L, 40L, 50L);
        LoraAdapter next = adapter(clients.get(0), result);
        assertThat(next.parameters()).containsExactly(average(clients));
        TaskStatus status = Rounds.awaitEnd(coordinator, "triage");
        assertThat(status.state()).isEqualTo(TaskState.FINISHED);
        assertThat(status.adapter()).isEqualTo(result.newAdapterHash());
    }

    @Test
    void plainRound_everyoneAnswers_sameAverageInOnePhase() {
        List<TestClient> clients = start(Protocol.PLAIN, 1);
        Rounds.join(clients);
        clients.forEach(TestClient::sendPlain);
        RoundResult result = clients.get(4).result();
        assertThat(adapter(clients.get(4), result).parameters()).containsExactly(average(clients));
        assertThat(coordinator.events(RoundEvent.PhaseClosed.class))
                .extracting(RoundEvent.PhaseClosed::phase)
                .containsExactly(Phase.MASKED);
    }

    @ParameterizedTest
    @EnumSource(Phase.class)
    void secureRound_oneClientLostInAPhase_sumOfTheOthersIsExact(Phase lost) {
        List<TestClient> clients = start(Protocol.SECAGG, 1);
        Rounds.join(clients);
        TestClient gone = clients.get(2);
        Rounds.runWithLoss(coordinator, clients, gone, lost);
        RoundResult result = clients.get(0).result();
        boolean isInSum = lost.compareTo(Phase.MASKED) > 0;
        List<TestClient> summed =
                clients.stream().filter(client -> client != gone || isInSum).toList();
        assertThat(result.survivors())
                .isEqualTo(summed.stream().map(TestClient::id).toList());
        assertThat(adapter(clients.get(0), result).parameters()).containsExactly(average(summed));
    }

    @Test
    void secureRound_belowTheThreshold_abortsAndTheNextRoundHasANewNumber() {
        List<TestClient> clients = start(Protocol.SECAGG, 1);
        Rounds.join(clients);
        clients.subList(0, 2).forEach(TestClient::sendKeys);
        coordinator.passDeadline();
        HttpResponse<byte[]> answer = clients.get(0).answer(Phase.KEYS, 30);
        assertThat(Problems.of(answer))
                .satisfies(problem -> assertThat(problem.status()).isEqualTo(409))
                .satisfies(problem -> assertThat(problem.type()).endsWith("/round-aborted"))
                .satisfies(problem ->
                        assertThat(problem.detail()).contains("too-few-clients", "2 clients", "keys", "3 are needed"));
        Rounds.join(clients);
        assertThat(clients.get(0).plan().plan().round()).isEqualTo(2);
        Rounds.run(clients);
        clients.get(0).result();
        TaskStatus status = Rounds.awaitEnd(coordinator, "triage");
        assertThat(status.history())
                .extracting(round -> round.number() + " " + round.state().label())
                .containsExactly("1 aborted", "2 finished");
        assertThat(status.finishedRounds()).isEqualTo(1);
        assertThat(status.history().get(0).reason()).isEqualTo(RoundAborted.Reason.TOO_FEW_CLIENTS);
        assertThat(status.history().get(1).state()).isEqualTo(RoundState.FINISHED);
    }

    @Test
    void secureRound_threeAbortsInARow_taskFailsWithTheReason() {
        List<TestClient> clients = start(Protocol.SECAGG, 1);
        for (int i = 0; i < 3; i++) {
            clients.get(0).join().sendKeys();
            coordinator.passDeadline();
            assertThat(clients.get(0).answer(Phase.KEYS, 30).statusCode()).isEqualTo(409);
        }
        TaskStatus status = Rounds.awaitEnd(coordinator, "triage");
        assertThat(status.state()).isEqualTo(TaskState.FAILED);
        assertThat(status.detail()).contains("3 rounds in a row were aborted", "round 3", "3 are needed");
        HttpResponse<byte[]> plan = clients.get(0).get("/v1/tasks/triage/plan?after=3&wait=5");
        assertThat(Problems.of(plan).status()).isEqualTo(410);
        assertThat(Problems.of(plan).adapter()).isEqualTo(status.adapter().hex());
    }

    @Test
    void twoRounds_eventsAndLineage_tellWhatHappened() {
        List<TestClient> clients = start(Protocol.SECAGG, 2);
        for (int i = 0; i < 2; i++) {
            Rounds.join(clients);
            clients.forEach(client -> client.get(
                    "/v1/adapters/" + client.plan().plan().adapterHash().hex()));
            Rounds.run(clients);
            clients.forEach(TestClient::result);
        }
        TaskStatus status = Rounds.awaitEnd(coordinator, "triage");
        List<RoundEvent.Finished> finished = coordinator.events(RoundEvent.Finished.class);
        assertThat(finished).hasSize(2).allSatisfy(event -> {
            assertThat(event.survivors()).hasSize(5);
            assertThat(event.phases()).containsOnlyKeys(Phase.values());
            assertThat(event.traffic()).containsOnlyKeys(10L, 20L, 30L, 40L, 50L);
            assertThat(event.traffic().get(10L).up()).isGreaterThan(4L * Adapters.PARAMETERS);
            assertThat(event.traffic().get(10L).down()).isGreaterThan(AdapterBytes.encode(Adapters.initial()).length);
            assertThat(event.epsilon()).isNull();
            assertThat(event.updateNorm()).isPositive();
        });
        List<AdapterVersion> lineage = coordinator.service().lineage("triage");
        assertThat(lineage).extracting(AdapterVersion::round).containsExactly(0L, 1L, 2L);
        assertThat(lineage.get(2).parent()).isEqualTo(lineage.get(1).hash());
        assertThat(lineage.get(2).hash()).isEqualTo(status.adapter());
        assertThat(lineage.get(1).plan()).isNotEqualTo(lineage.get(2).plan());
        assertThat(coordinator.events(RoundEvent.Ended.class)).hasSize(1);
    }

    private LoraAdapter adapter(TestClient client, RoundResult result) {
        HttpResponse<byte[]> answer =
                client.get("/v1/adapters/" + result.newAdapterHash().hex());
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("ETag"))
                .hasValue("\"" + result.newAdapterHash().hex() + "\"");
        return AdapterBytes.decode(answer.body());
    }

    /** What the coordinator must arrive at, from the vectors that never left their clients unmasked. */
    static float[] average(List<TestClient> clients) {
        RoundPlan plan = clients.get(0).plan().plan();
        int[] sum = new int[plan.dimension()];
        for (TestClient client : clients) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += client.ringVector()[i];
            }
        }
        return new FedAvg()
                .apply(Adapters.initial().parameters(), UpdateEncoder.of(plan).decode(sum, clients.size()));
    }
}
