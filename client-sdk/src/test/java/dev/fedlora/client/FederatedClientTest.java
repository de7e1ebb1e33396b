package dev.fedlora.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.client.RoundReport.Outcome;
import dev.fedlora.client.policy.ClientPolicy;
import dev.fedlora.client.testing.Clients;
import dev.fedlora.client.testing.Federation;
import dev.fedlora.client.testing.LinearTrainer;
import dev.fedlora.client.testing.MemoryCoordinator;
import dev.fedlora.client.testing.ScriptedTransport;
import dev.fedlora.client.transport.CoordinatorException;
import dev.fedlora.lora.train.OptimizerPlan;
import dev.fedlora.lora.train.ProgressListener;
import dev.fedlora.lora.train.TrainingPlan;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FederatedClientTest {
    @TempDir
    Path directory;

    private final Federation federation = new Federation(5);
    private Clients clients;

    @BeforeEach
    void makeClients() {
        clients = new Clients(federation, directory);
    }

    @AfterEach
    void stopClients() throws InterruptedException {
        clients.stop();
    }

    @ParameterizedTest
    @EnumSource(Protocol.class)
    void run_fiveClientsThreeRounds_learnsWhatPlainAveragingLearns(Protocol protocol) throws Exception {
        TaskSpec task = federation.task(3, protocol, 3, null);
        MemoryCoordinator coordinator = new MemoryCoordinator(federation, task);
        ClientPolicy anyProtocol = new ClientPolicy(3, 3, 0, false, 10, 1e-5, false);

        List<Future<TaskReport>> others = new ArrayList<>();
        for (long id = 1; id <= 4; id++) {
            others.add(
                    clients.start(clients.builder(id, coordinator.transport(id)).policy(anyProtocol)));
        }
        TaskReport report = Clients.result(
                clients.start(clients.builder(5, coordinator.transport(5)).policy(anyProtocol)));

        assertThat(report.rounds()).extracting(RoundReport::round).containsExactly(1L, 2L, 3L);
        assertThat(report.rounds()).allSatisfy(round -> {
            assertThat(round.outcome()).isEqualTo(Outcome.FINISHED);
            assertThat(round.survivors()).containsExactly(1L, 2L, 3L, 4L, 5L);
            assertThat(round.examples()).isEqualTo(Clients.examples(5));
        });
        assertThat(report.rounds().get(2).meanLoss())
                .isLessThan(report.rounds().get(0).meanLoss());
        assertThat(report.adapterHash()).isEqualTo(report.rounds().get(2).newAdapter());
        for (Future<TaskReport> other : others) {
            assertThat(Clients.result(other).adapterHash()).isEqualTo(report.adapterHash());
        }
        double[] expected = plainAverages(task, 3);
        float[] learned = report.adapter().parameters();
        for (int i = 0; i < expected.length; i++) {
            // 24 bits of a float near 1, three rounds; the ring's own steps (4 * 5 / 2^31) are a hundred times finer
            assertThat((double) learned[i]).isCloseTo(expected[i], within(1e-6));
        }
    }

    /** FedAvg in double, with nothing of the project's aggregation. */
    private static double[] plainAverages(TaskSpec task, int rounds) throws InterruptedException {
        double[] parameters = new double[Federation.PARAMETERS];
        OptimizerPlan optimizer = OptimizerPlan.constant(
                task.training().learningRate(), task.training().headLearningRate());
        for (int round = 0; round < rounds; round++) {
            double[] sum = new double[parameters.length];
            double weights = 0;
            for (long id = 1; id <= 5; id++) {
                LinearTrainer trainer = Clients.trainer(id);
                float[] start = new float[parameters.length];
                for (int i = 0; i < start.length; i++) {
                    start[i] = (float) parameters[i];
                }
                trainer.load(start);
                trainer.train(new TrainingPlan(round, 1, 8, optimizer), 7, ProgressListener.NONE);
                double weight = Math.min(1, Clients.examples(id) / (double) Federation.WEIGHT_CAP);
                weights += weight;
                for (int i = 0; i < sum.length; i++) {
                    sum[i] += weight * (trainer.parameters()[i] - start[i]);
                }
            }
            for (int i = 0; i < parameters.length; i++) {
                parameters[i] += sum[i] / weights;
            }
        }
        return parameters;
    }

    @ParameterizedTest
    @EnumSource(Phase.class)
    void run_networkVanishesWhileSending_losesThatRoundAndTakesPartInTheNext(Phase phase) throws Exception {
        assertLosesOneRound(phase, "send " + phase);
    }

    @ParameterizedTest
    @EnumSource(Phase.class)
    void run_networkVanishesWhileWaiting_losesThatRoundAndTakesPartInTheNext(Phase phase) throws Exception {
        assertLosesOneRound(phase == Phase.UNMASK ? null : Phase.values()[phase.ordinal() + 1], "await " + phase);
    }

    private void assertLosesOneRound(Phase goneFrom, String call) throws Exception {
        MemoryCoordinator coordinator = new MemoryCoordinator(federation, federation.task(2));
        CountDownLatch gone = new CountDownLatch(1);
        ScriptedTransport transport = new ScriptedTransport(coordinator.transport(2)) {
            @Override
            protected void before(String attempted) throws IOException {
                boolean isFirstRound =
                        calls().stream().filter("adapter"::equals).count() == 1;
                if (isFirstRound && attempted.equals(call)) {
                    gone.countDown();
                    throw new IOException("network is unreachable");
                }
            }
        };
        Future<TaskReport> lost = clients.start(clients.builder(2, transport));
        List<Future<TaskReport>> others = clients.startOthers(coordinator, 2L);
        gone.await();
        if (goneFrom != null) {
            coordinator.giveUpOn(2, 1, goneFrom);
        }

        TaskReport report = Clients.result(lost);

        assertThat(report.rounds()).extracting(RoundReport::outcome).containsExactly(Outcome.LOST, Outcome.FINISHED);
        assertThat(report.rounds().get(0).detail()).isEqualTo("network is unreachable");
        for (Future<TaskReport> other : others) {
            assertThat(Clients.result(other).rounds())
                    .extracting(RoundReport::outcome)
                    .containsOnly(Outcome.FINISHED);
            assertThat(Clients.result(other).adapterHash()).isEqualTo(report.adapterHash());
        }
    }

    @Test
    void runRound_coordinatorOverloadedUntilTheDeadline_isLost() throws Exception {
        MemoryCoordinator coordinator = new MemoryCoordinator(federation, federation.task(1));
        for (String call : List.of("adapter", "send KEYS")) {
            ScriptedTransport transport = new ScriptedTransport(coordinator.transport(2)) {
                @Override
                protected void before(String attempted) throws IOException {
                    if (attempted.equals(call)) {
                        throw new CoordinatorException(503, "not-ready", "starting");
                    }
                }
            };
            try (FederatedClient client = clients.builder(2, transport).build()) {
                assertThat(client.runRound("line").outcome()).isEqualTo(Outcome.LOST);
            }
        }
    }

    @Test
    void runRound_coordinatorRefusesThisClient_saysSo() throws Exception {
        MemoryCoordinator coordinator = new MemoryCoordinator(federation, federation.task(1));
        ScriptedTransport transport = new ScriptedTransport(coordinator.transport(2)) {
            @Override
            protected void before(String call) throws IOException {
                if (call.equals("send KEYS")) {
                    throw new CoordinatorException(401, "clock-skew", "the client's clock is an hour ahead");
                }
            }
        };
        try (FederatedClient client = clients.builder(2, transport).build()) {
            assertThatExceptionOfType(CoordinatorException.class)
                    .isThrownBy(() -> client.runRound("line"))
                    .withMessage("the coordinator answered 401 clock-skew: the client's clock is an hour ahead");
        }
        assertThat(transport.calls().stream().filter("send KEYS"::equals)).hasSize(1);
    }

    @Test
    void run_networkComesBackInTime_losesNothing() throws Exception {
        MemoryCoordinator coordinator = new MemoryCoordinator(federation, federation.task(1));
        ScriptedTransport transport = new ScriptedTransport(coordinator.transport(2)) {
            @Override
            protected void before(String call) throws IOException {
                // every second call of each kind fails
                if (calls().stream().filter(call::equals).count() % 2 == 1) {
                    throw new IOException("connection reset");
                }
            }
        };
        Future<TaskReport> report = clients.start(clients.builder(2, transport));
        clients.startOthers(coordinator, 2L);

        assertThat(Clients.result(report).rounds())
                .singleElement()
                .extracting(RoundReport::outcome)
                .isEqualTo(Outcome.FINISHED);
    }

    @Test
    void run_acknowledgementLost_sendsTheSameAgainAndIsAccepted() throws Exception {
        MemoryCoordinator coordinator = new MemoryCoordinator(federation, federation.task(1));
        ScriptedTransport transport = new ScriptedTransport(coordinator.transport(2)) {
            @Override
            public void send(dev.fedlora.aggregation.wire.SessionId session, Phase phase, byte[] message)
                    throws IOException, InterruptedException {
                super.send(session, phase, message);
                if (calls().stream().filter(("send " + phase)::equals).count() == 1) {
                    throw new IOException("connection reset after the request");
                }
            }
        };
        Future<TaskReport> report = clients.start(clients.builder(2, transport));
        clients.startOthers(coordinator, 2L);

        assertThat(Clients.result(report).rounds())
                .singleElement()
                .extracting(RoundReport::outcome)
                .isEqualTo(Outcome.FINISHED);
    }

    @Test
    void run_roundAborted_goesOnWithTheNextPlan() throws Exception {
        MemoryCoordinator coordinator = new MemoryCoordinator(federation, federation.task(1));
        CountDownLatch sent = new CountDownLatch(1);
        Future<TaskReport> report = clients.start(
                clients.builder(2, coordinator.transport(2)).listener(new dev.fedlora.client.ProgressListener() {
                    @Override
                    public void sent(long round, Phase phase) {
                        sent.countDown();
                    }
                }));
        sent.await();
        coordinator.abortRound("stopped by hand\nand forged log line");
        clients.startOthers(coordinator, 2L);

        List<RoundReport> rounds = Clients.result(report).rounds();
        assertThat(rounds).extracting(RoundReport::outcome).containsExactly(Outcome.ABORTED, Outcome.FINISHED);
        assertThat(rounds.get(0).detail()).isEqualTo("STOPPED: stopped by hand and forged log line");
    }

    @Test
    void runRound_afterRestart_doesNotRepeatARound() throws Exception {
        MemoryCoordinator coordinator = new MemoryCoordinator(federation, federation.task(2));
        var firstPlan = coordinator.plan();
        clients.startOthers(coordinator, 2L);
        try (FederatedClient client =
                clients.builder(2, coordinator.transport(2)).build()) {
            assertThat(client.runRound("line").outcome()).isEqualTo(Outcome.FINISHED);
        }
        ScriptedTransport replaying = new ScriptedTransport(coordinator.transport(2)) {
            @Override
            public java.util.Optional<dev.fedlora.aggregation.wire.SignedPlan> awaitPlan(
                    String task, long afterRound, java.time.Duration wait) {
                return java.util.Optional.of(firstPlan);
            }
        };
        try (FederatedClient client = clients.builder(2, replaying).build()) {
            assertThatExceptionOfType(dev.fedlora.client.policy.RefusedException.class)
                    .isThrownBy(() -> client.runRound("line"))
                    .withMessageContaining("round must be greater than 1, the last one seen");
        }
        assertThat(replaying.calls()).doesNotContain("send KEYS");
        try (FederatedClient client =
                clients.builder(2, coordinator.transport(2)).build()) {
            assertThat(client.runRound("line").round()).isEqualTo(2);
        }
    }

    @Test
    void run_interrupted_endsAtOnceAndGivesTheStateDirectoryFree() throws Exception {
        MemoryCoordinator coordinator = new MemoryCoordinator(federation, federation.task(1));
        CountDownLatch waiting = new CountDownLatch(1);
        Thread[] runner = new Thread[1];
        ScriptedTransport transport = new ScriptedTransport(coordinator.transport(2)) {
            @Override
            protected void before(String call) {
                if (call.equals("await KEYS")) {
                    runner[0] = Thread.currentThread();
                    waiting.countDown();
                }
            }
        };
        Future<TaskReport> report = clients.start(clients.builder(2, transport));
        waiting.await();
        runner[0].interrupt();

        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(() -> Clients.result(report))
                .withCauseInstanceOf(InterruptedException.class);
        clients.builder(2, transport).build().close();
    }

    @Test
    void run_trainingGivesNoNumbers_sendsNothing() throws Exception {
        MemoryCoordinator coordinator = new MemoryCoordinator(federation, federation.task(1));
        ScriptedTransport transport = new ScriptedTransport(coordinator.transport(2));
        LinearTrainer broken = new LinearTrainer(Federation.PARAMETERS, 20, 2) {
            @Override
            public float[] parameters() {
                float[] values = super.parameters();
                values[3] = Float.NaN;
                return values;
            }
        };
        try (FederatedClient client =
                clients.builder(2, transport).trainer((task, adapter) -> broken).build()) {
            RoundReport report = client.runRound("line");

            assertThat(report.outcome()).isEqualTo(Outcome.UNUSABLE);
            assertThat(report.detail()).isEqualTo("parameter 3 of 10 is not finite after training: NaN");
        }
        assertThat(transport.calls()).containsExactly("task", "plan", "adapter");
    }

    @Test
    void build_nothingSet_namesAllThatIsMissing() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FederatedClient.builder().build())
                .withMessage("a client needs a transport, an identity, a pinned coordinator key and roster, a trainer,"
                        + " a state directory");
    }

    @Test
    void build_identityNotOnTheRoster_isRefused() {
        MemoryCoordinator coordinator = new MemoryCoordinator(federation, federation.task(1));
        FederatedClientBuilder builder = clients.builder(2, coordinator.transport(2));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.identity(9, federation.client(2)).build())
                .withMessage("client 9 is not on the pinned roster");
        IdentityKeys other = IdentityKeys.generate(new SecureRandom());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.identity(2, other).build())
                .withMessage("client 2 has the key %s on the roster, its identity file holds %s"
                        .formatted(Bytes.of(federation.client(2).publicKey()), Bytes.of(other.publicKey())));
    }
}
