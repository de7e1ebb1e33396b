package dev.fedlora.coordinator.round;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.aggregation.wire.AggregationSpec;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.RoundAborted;
import dev.fedlora.aggregation.wire.SignedPlan;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.aggregation.wire.Weighting;
import dev.fedlora.coordinator.config.Limits;
import dev.fedlora.coordinator.store.RoundState;
import dev.fedlora.coordinator.store.Store;
import dev.fedlora.coordinator.store.TaskState;
import dev.fedlora.coordinator.testing.Adapters;
import dev.fedlora.coordinator.testing.DiskImage;
import dev.fedlora.coordinator.testing.Problems;
import dev.fedlora.coordinator.testing.Rounds;
import dev.fedlora.coordinator.testing.Tasks;
import dev.fedlora.coordinator.testing.TestClient;
import dev.fedlora.coordinator.testing.TestCoordinator;
import dev.fedlora.coordinator.testing.TestFederation;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.safetensors.AdapterBytes;
import dev.fedlora.privacy.accounting.Accountants;
import dev.fedlora.privacy.accounting.NoiseKind;
import dev.fedlora.privacy.accounting.SampledGaussian;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RoundServiceTest {
    private static final byte[] INITIAL = AdapterBytes.encode(Adapters.initial());
    private static final double DELTA = 1e-5;

    @TempDir
    Path folder;

    private final TestFederation federation = new TestFederation(3);
    private final List<TestCoordinator> opened = new ArrayList<>();

    private TestCoordinator open(String data) {
        TestCoordinator coordinator = new TestCoordinator(federation, folder.resolve(data), Limits.DEFAULT);
        opened.add(coordinator);
        return coordinator;
    }

    @AfterEach
    void close() {
        opened.forEach(TestCoordinator::close);
    }

    private static TaskSpec privateTask(double epsilon, int rounds) {
        PrivacySpec privacy = new PrivacySpec(epsilon, DELTA, 1.1, 1.0, 0.1, 10, "record");
        return Tasks.task("triage", rounds, Tasks.aggregation(Protocol.PLAIN, 2), privacy);
    }

    /** What this many rounds cost, straight from the accountant. */
    private static double epsilon(int rounds) {
        return Accountants.named(Accountants.DEFAULT)
                .plus(new SampledGaussian(1.1, 0.1, NoiseKind.DISCRETE), 10L * rounds)
                .epsilon(DELTA);
    }

    private static void runPlainRound(TestCoordinator coordinator) {
        List<TestClient> clients = coordinator.clients("triage");
        Rounds.join(clients);
        clients.forEach(TestClient::sendPlain);
        clients.forEach(TestClient::result);
    }

    @Test
    void start_budgetForTwoOfFiveRounds_endsWithTheNumbers() {
        double budget = (epsilon(2) + epsilon(3)) / 2;
        TestCoordinator coordinator = open("data").run(privateTask(budget, 5));
        runPlainRound(coordinator);
        assertThat(coordinator.events(RoundEvent.Finished.class).get(0).epsilon())
                .isEqualTo(epsilon(1));
        List<TestClient> clients = coordinator.clients("triage");
        clients.forEach(client -> client.join().sendPlain());
        TaskStatus status = Rounds.awaitEnd(coordinator, "triage");
        assertThat(status.state()).isEqualTo(TaskState.BUDGET_EXHAUSTED);
        assertThat(status.finishedRounds()).isEqualTo(2);
        assertThat(status.epsilon()).isEqualTo(epsilon(2));
        assertThat(status.delta()).isEqualTo(DELTA);
        assertThat(status.detail())
                .contains(Double.toString(epsilon(2)), Double.toString(epsilon(3)), Double.toString(budget));
        assertThat(status.history()).hasSize(2);
        assertThat(Problems.of(clients.get(0).get("/v1/tasks/triage/plan?after=2"))
                        .detail())
                .contains("budget-exhausted", Double.toString(budget));
    }

    @Test
    void start_budgetForNoRoundAtAll_noRoundIsOpened() {
        TestCoordinator coordinator = open("data").run(privateTask(epsilon(1) * 0.99, 5));
        TaskStatus status = Rounds.awaitEnd(coordinator, "triage");
        assertThat(status.state()).isEqualTo(TaskState.BUDGET_EXHAUSTED);
        assertThat(status.epsilon()).isZero();
        assertThat(status.history()).isEmpty();
    }

    @Test
    void abort_ofAChargedRound_chargeStands() {
        TestCoordinator coordinator = open("data").run(privateTask(epsilon(4), 2));
        coordinator.client(10, "triage").join();
        coordinator.passDeadline();
        runPlainRound(coordinator);
        assertThat(coordinator.events(RoundEvent.Finished.class).get(0).epsilon())
                .isEqualTo(epsilon(2));
    }

    @Test
    void crash_inTheMiddleOfARound_roundIsAbortedChargeStandsTaskGoesOn() {
        TestCoordinator crashed = open("data").run(privateTask(epsilon(4), 2));
        runPlainRound(crashed);
        TestClient client = crashed.client(10, "triage").join();
        client.sendPlain();
        assertThat(client.plan().plan().round()).isEqualTo(2);
        DiskImage.copy(folder.resolve("data"), folder.resolve("image"));

        TestCoordinator restarted = open("image");
        assertThat(restarted.publicKey()).isEqualTo(crashed.publicKey());
        runPlainRound(restarted);
        TaskStatus status = Rounds.awaitEnd(restarted, "triage");
        assertThat(status.history())
                .extracting(round -> round.number() + " " + round.state().label())
                .containsExactly("1 finished", "2 aborted", "3 finished");
        assertThat(status.history().get(1).reason()).isEqualTo(RoundAborted.Reason.RESTARTED);
        assertThat(status.epsilon()).isEqualTo(epsilon(3));
        assertThat(status.state()).isEqualTo(TaskState.FINISHED);
        TestClient late = restarted.client(10, "triage");
        Problems.Document problem = Problems.of(late.get(TestClient.path(client.sid(), Phase.MASKED) + "?wait=0"));
        assertThat(problem.type()).endsWith("/round-aborted");
        assertThat(problem.detail()).contains("restarted");
    }

    @Test
    void storeFails_whileARoundEnds_clientsAreToldAndTheTaskWaitsForARestart() throws Exception {
        TestCoordinator coordinator = open("data").run(Tasks.plain("triage", 1));
        List<TestClient> clients = coordinator.clients("triage");
        Rounds.join(clients);
        try (Connection other = DriverManager.getConnection(
                        "jdbc:sqlite:" + folder.resolve("data").resolve(Store.FILE));
                Statement statement = other.createStatement()) {
            statement.execute("begin immediate"); // as a backup that never ends
            clients.forEach(TestClient::sendPlain);
            Problems.Document problem = Problems.of(clients.get(0).answer(Phase.MASKED, 30));
            assertThat(problem.type()).endsWith("/round-aborted");
            assertThat(problem.detail()).contains("failed").doesNotContain(folder.toString(), "sqlite");
            statement.execute("rollback");
        }
        assertThat(coordinator.service().status("triage").detail())
                .contains("held up", "locked by another process")
                .doesNotContain(folder.toString());
        assertThat(Problems.of(clients.get(0).get("/readyz")).status()).isEqualTo(503);
        coordinator.close();
        opened.clear();
        TestCoordinator restarted = open("data");
        runPlainRound(restarted);
        assertThat(Rounds.awaitEnd(restarted, "triage").history())
                .extracting(round -> round.number() + " " + round.state().label())
                .containsExactly("1 aborted", "2 finished");
    }

    @Test
    void close_inTheMiddleOfARound_waitingClientsAreTold() throws Exception {
        TestCoordinator coordinator = open("data").run(Tasks.secure("triage", 1));
        TestClient client = coordinator.client(10, "triage").join();
        client.sendKeys();
        CompletableFuture<?> answer = coordinator
                .service()
                .answer(client.sid(), Phase.KEYS, 10)
                .thenAccept(message -> assertThat(message).isInstanceOf(RoundAborted.class))
                .toCompletableFuture();
        CompletableFuture<SignedPlan> plan =
                coordinator.service().awaitPlan("triage", 1).toCompletableFuture();
        coordinator.service().close();
        answer.get();
        assertThatThrownBy(plan::join)
                .hasCauseInstanceOf(RefusedException.class)
                .hasMessageContaining("being stopped");
    }

    @Test
    void round_clientThatDidNotClip_abortedAsImplausible() {
        TestCoordinator coordinator = open("data").run(Tasks.plain("triage", 1));
        List<TestClient> clients = coordinator.clients("triage");
        Rounds.join(clients);
        clients.subList(1, 3).forEach(TestClient::sendPlain);
        int[] huge = clients.get(0).ringVector().clone();
        Arrays.fill(huge, 0, huge.length - 1, Integer.MAX_VALUE / 2);
        assertThat(clients.get(0).post(clients.get(0).session().plain(huge)).statusCode())
                .isEqualTo(202);
        Problems.Document problem = Problems.of(clients.get(0).answer(Phase.MASKED, 30));
        assertThat(problem.detail()).contains("implausible-sum");
        TaskStatus status = coordinator.service().status("triage");
        assertThat(status.history().get(0).state()).isEqualTo(RoundState.ABORTED);
        assertThat(coordinator.service().adapter(status.adapter())).isEqualTo(INITIAL);
    }

    @Test
    void round_clientThatTakesWeightAway_abortedAsImplausible() {
        for (Weighting weighting : Weighting.values()) {
            AggregationSpec terms = new AggregationSpec(Protocol.PLAIN, 3, 0, 1.0, weighting, 1, Tasks.GENEROUS);
            TestCoordinator coordinator = open(weighting.name()).run(Tasks.task("triage", 1, terms, null));
            List<TestClient> clients = coordinator.clients("triage");
            Rounds.join(clients);
            clients.subList(1, 3).forEach(TestClient::sendPlain);
            int[] vector = clients.get(0).ringVector().clone();
            int last = vector.length - 1;
            // the others' weights and this one add up to three units: their mean would be millions of times too long
            vector[last] = 3 - 2 * clients.get(1).ringVector()[last];
            clients.get(0).post(clients.get(0).session().plain(vector));
            assertThat(Problems.of(clients.get(0).answer(Phase.MASKED, 30)).detail())
                    .contains("implausible-sum");
            TaskStatus status = coordinator.service().status("triage");
            assertThat(coordinator.service().adapter(status.adapter())).isEqualTo(INITIAL);
        }
    }

    @Test
    void createTask_severalMistakes_allNamedAndNothingStored() {
        TestCoordinator coordinator = open("data");
        TaskSpec good = Tasks.secure("triage", 1);
        TaskSpec wrong = new TaskSpec(
                "no good name",
                good.federation(),
                good.architecture(),
                "short",
                good.adapter(),
                good.labels(),
                0,
                0,
                good.training(),
                good.aggregation(),
                null);
        assertThatThrownBy(() -> coordinator.service().createTask(wrong, INITIAL))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("task must be")
                .hasMessageContaining("baseSha256")
                .hasMessageContaining("maxTokens")
                .hasMessageContaining("rounds");
        assertThat(coordinator.service().tasks()).isEmpty();
    }

    @Test
    void createTask_adapterOfAnotherBase_refusedNamingBoth() {
        TestCoordinator coordinator = open("data");
        LoraAdapter own = Adapters.initial();
        LoraAdapter other = new LoraAdapter(own.architecture(), "cd".repeat(32), own.spec(), own.factors(), own.head());
        assertThatThrownBy(
                        () -> coordinator.service().createTask(Tasks.secure("triage", 1), AdapterBytes.encode(other)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("base model must be " + Adapters.BASE_SHA256)
                .hasMessageContaining("cd".repeat(32));
        assertThatThrownBy(() -> coordinator.service().createTask(Tasks.secure("triage", 1), new byte[] {1, 2}))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(coordinator.service().tasks()).isEmpty();
    }

    @Test
    void createTask_moreSurvivorsThanClientsOrNameTaken_refused() {
        TestCoordinator coordinator = open("data");
        TaskSpec tooMany = Tasks.task("triage", 1, Tasks.aggregation(Protocol.SECAGG, 4), null);
        assertThatThrownBy(() -> coordinator.service().createTask(tooMany, INITIAL))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("minimumSurvivors");
        coordinator.service().createTask(Tasks.secure("triage", 1), INITIAL);
        assertThatThrownBy(() -> coordinator.service().createTask(Tasks.secure("triage", 2), INITIAL))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("triage exists");
        assertThat(coordinator.service().openPlan("triage", 0)).isEmpty();
    }

    @Test
    void openPlan_roundPastItsFirstPhase_notOffered() {
        TestCoordinator coordinator = open("data").run(Tasks.secure("triage", 1));
        List<TestClient> clients = coordinator.clients("triage");
        Rounds.join(clients);
        assertThat(coordinator.service().openPlan("triage", 0)).isPresent();
        clients.forEach(TestClient::sendKeys);
        clients.get(0).sendShares();
        assertThat(coordinator.service().openPlan("triage", 0)).isEmpty();
    }

    @Test
    void await_requestsThatEndWithoutAnAnswer_areForgotten() {
        TestCoordinator coordinator = open("data").run(Tasks.secure("triage", 1));
        TestClient client = coordinator.client(10, "triage").join();
        client.sendKeys();
        for (int i = 0; i < 20; i++) {
            assertThat(client.get("/v1/tasks/triage/plan?after=1").statusCode()).isEqualTo(204);
            assertThat(client.answer(Phase.KEYS, 0).statusCode()).isEqualTo(204);
        }
        assertThat(coordinator.service().waiting()).isZero();
    }

    @Test
    void start_again_opensNoSecondRound() {
        TestCoordinator coordinator = open("data");
        coordinator.service().createTask(privateTask(epsilon(4), 1), INITIAL);
        coordinator.service().start("triage");
        coordinator.service().start("triage"); // the first round is still being opened
        runPlainRound(coordinator);
        TaskStatus status = Rounds.awaitEnd(coordinator, "triage");
        assertThat(status.history())
                .extracting(round -> round.number() + " " + round.state().label())
                .containsExactly("1 finished");
        assertThat(status.epsilon()).isEqualTo(epsilon(1));
        assertThat(coordinator.service().isHealthy()).isTrue();
    }

    @Test
    void listener_thatThrows_roundGoesOn() {
        TestCoordinator coordinator = open("data");
        coordinator.service().addListener(event -> {
            throw new IllegalStateException("a listener of the test");
        });
        coordinator.run(Tasks.plain("triage", 1));
        runPlainRound(coordinator);
        assertThat(Rounds.awaitEnd(coordinator, "triage").state()).isEqualTo(TaskState.FINISHED);
    }
}
