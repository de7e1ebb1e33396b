package dev.fedlora.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.RoundResult;
import dev.fedlora.aggregation.wire.ServerMessage;
import dev.fedlora.aggregation.wire.SessionId;
import dev.fedlora.aggregation.wire.SignedPlan;
import dev.fedlora.aggregation.wire.SurvivorList;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.client.RoundReport.Outcome;
import dev.fedlora.client.policy.RefusedException;
import dev.fedlora.client.testing.Clients;
import dev.fedlora.client.testing.Federation;
import dev.fedlora.client.testing.MemoryCoordinator;
import dev.fedlora.client.testing.ScriptedTransport;
import dev.fedlora.client.transport.CoordinatorTransport;
import dev.fedlora.client.transport.TaskFinishedException;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.safetensors.AdapterBytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A coordinator that breaks its word gets nothing: no key, no vector, no charge. */
class LyingCoordinatorTest {
    @TempDir
    Path directory;

    private final Federation federation = new Federation(5);
    private final TaskSpec task = federation.privateTask(8);
    private Clients clients;
    private MemoryCoordinator coordinator;

    @BeforeEach
    void makeClients() {
        clients = new Clients(federation, directory);
        coordinator = new MemoryCoordinator(federation, task);
    }

    @AfterEach
    void stopClients() throws InterruptedException {
        clients.stop();
    }

    @Test
    void run_planSignedByAnotherKey_isRefused() throws Exception {
        IdentityKeys impostor = IdentityKeys.generate(new SecureRandom());
        assertPlanRefused(
                plan -> SignedPlan.sign(plan.plan(), impostor), "is not signed by the pinned coordinator key");
    }

    @Test
    void run_signatureOfAnotherPlan_isRefused() throws Exception {
        assertPlanRefused(
                plan -> new SignedPlan(changed(plan.plan(), 9, null, null), plan.signature()),
                "is not signed by the pinned coordinator key");
    }

    @Test
    void run_planForAnotherRoster_isRefused() throws Exception {
        Bytes other = Bytes.sha256(new byte[] {1});
        assertPlanRefused(plan -> sign(changed(plan.plan(), 1, other, null)), "rosterHash must be");
    }

    @Test
    void run_planLowersTheMinimumOfSurvivors_isRefused() throws Exception {
        assertPlanRefused(
                plan -> sign(changed(plan.plan(), 1, null, 2)),
                "minimumSurvivors must be 3, got 2; minimumSurvivors must be at least 3 by this client's policy, got 2");
    }

    @Test
    void run_taskChangedBehindThePlan_isRefused() throws Exception {
        TaskSpec other = federation.privateTask(7);
        CoordinatorTransport transport = new ScriptedTransport(coordinator.transport(2)) {
            @Override
            public TaskSpec task(String name) {
                return other;
            }
        };
        assertRefused(transport, "taskHash must be");
    }

    @Test
    void run_taskWithTerminalCodesInItsText_isRefusedOnOneCleanLine() throws Exception {
        ScriptedTransport transport = new ScriptedTransport(coordinator.transport(2)) {
            @Override
            public TaskSpec task(String name) {
                return new TaskSpec(
                        "x\u001b[2J\nINFO all is well",
                        task.federation(),
                        task.architecture(),
                        task.baseSha256(),
                        task.adapter(),
                        task.labels(),
                        task.maxTokens(),
                        task.rounds(),
                        task.training(),
                        task.aggregation(),
                        task.privacy());
            }
        };
        assertRefused(transport, "got 'x [2J INFO all is well'");
    }

    @Test
    void run_anotherTaskThanAskedFor_isRefused() throws Exception {
        ScriptedTransport transport = new ScriptedTransport(coordinator.transport(2)) {
            @Override
            public TaskSpec task(String name) {
                return new TaskSpec(
                        "other",
                        task.federation(),
                        task.architecture(),
                        task.baseSha256(),
                        task.adapter(),
                        task.labels(),
                        task.maxTokens(),
                        task.rounds(),
                        task.training(),
                        task.aggregation(),
                        task.privacy());
            }
        };
        assertRefused(transport, "the coordinator sent the task other instead");
    }

    @Test
    void run_taskWithMistakes_isRefusedWithAllOfThem() throws Exception {
        ScriptedTransport transport = new ScriptedTransport(coordinator.transport(2)) {
            @Override
            public TaskSpec task(String name) {
                return new TaskSpec(
                        "line",
                        "north",
                        "bert",
                        "x",
                        task.adapter(),
                        List.of("one"),
                        0,
                        1,
                        task.training(),
                        task.aggregation(),
                        null);
            }
        };
        assertRefused(transport, "baseSha256 must be", "labels must be", "maxTokens must be");
    }

    @Test
    void run_otherAdapterThanTheHash_isRefused() throws Exception {
        LoraAdapter other = Federation.adapter();
        other.factors().get(0).a()[0] = 1;
        assertRefused(sending(AdapterBytes.encode(other)), "adapter of round 1 must have SHA-256");
    }

    @Test
    void run_adapterOfAnotherBase_isRefusedNamingBoth() throws Exception {
        LoraAdapter good = Federation.adapter();
        LoraAdapter other = new LoraAdapter("bert", "cd".repeat(32), good.spec(), good.factors(), good.head());
        assertStartRefused(
                AdapterBytes.encode(other),
                11,
                "base model of the task is " + task.baseSha256() + ", of the adapter " + "cd".repeat(32));
    }

    @Test
    void run_adapterThatIsNone_isRefused() throws Exception {
        assertStartRefused(new byte[100], 11, "the adapter cannot be read");
    }

    @Test
    void run_dimensionOfAnotherAdapter_isRefused() throws Exception {
        assertStartRefused(
                AdapterBytes.encode(Federation.adapter()),
                12,
                "the plan's dimension must be 11, one more than the adapter's parameters, got 12");
    }

    @Test
    void run_budgetTooSmallForOneRound_isRefusedBeforeTraining() throws Exception {
        TaskSpec greedy = federation.privateTask(0.01);
        assertRefused(
                new ScriptedTransport(new MemoryCoordinator(federation, greedy).transport(2)),
                "epsilon of this task would be",
                "its budget is 0.01 at delta 1.0E-6");
    }

    @Test
    void run_survivorListInvented_breaksOffAndRevealsNothing() throws Exception {
        ScriptedTransport transport = new ScriptedTransport(coordinator.transport(2)) {
            @Override
            public Optional<ServerMessage> await(SessionId session, Phase phase, Duration wait)
                    throws IOException, InterruptedException {
                Optional<ServerMessage> answer = super.await(session, phase, wait);
                return answer.map(message -> message instanceof SurvivorList list
                        ? new SurvivorList(list.session(), List.of(1L, 3L, 4L, 5L)) // calls client 2 lost
                        : message);
            }
        };
        RoundReport report = firstRound(transport);

        assertThat(report.outcome()).isEqualTo(Outcome.BROKEN_OFF);
        assertThat(report.detail()).startsWith("BAD_LIST");
        assertThat(transport.calls()).doesNotContain("send SURVIVORS", "send UNMASK");
    }

    @Test
    void run_answerOfAnotherPhase_breaksOff() throws Exception {
        ScriptedTransport transport = new ScriptedTransport(coordinator.transport(2)) {
            @Override
            public Optional<ServerMessage> await(SessionId session, Phase phase, Duration wait) {
                return Optional.of(new SurvivorList(session, List.of(1L, 2L, 3L)));
            }
        };
        RoundReport report = firstRound(transport);

        assertThat(report.outcome()).isEqualTo(Outcome.BROKEN_OFF);
        assertThat(report.detail())
                .isEqualTo("WRONG_PHASE: answer to phase KEYS is a SurvivorList, expected a KeyRoster");
        assertThat(transport.calls()).doesNotContain("send SHARES");
    }

    @Test
    void run_resultNotSigned_breaksOff() throws Exception {
        IdentityKeys impostor = IdentityKeys.generate(new SecureRandom());
        ScriptedTransport transport = new ScriptedTransport(coordinator.transport(2)) {
            @Override
            public Optional<ServerMessage> await(SessionId session, Phase phase, Duration wait)
                    throws IOException, InterruptedException {
                Optional<ServerMessage> answer = super.await(session, phase, wait);
                return answer.map(message -> message instanceof RoundResult result
                        ? RoundResult.sign(session, result.newAdapterHash(), result.survivors(), impostor)
                        : message);
            }
        };
        RoundReport report = firstRound(transport);

        assertThat(report.outcome()).isEqualTo(Outcome.BROKEN_OFF);
        assertThat(report.detail()).isEqualTo("BAD_SIGNATURE: the result of round 1 is not signed by the coordinator");
    }

    @Test
    void run_finalAdapterIsAnother_isRefused() throws Exception {
        Bytes promised = Bytes.sha256(new byte[] {7});
        ScriptedTransport transport = new ScriptedTransport(coordinator.transport(2)) {
            @Override
            public Optional<SignedPlan> awaitPlan(String name, long afterRound, Duration wait) throws IOException {
                throw new TaskFinishedException("done", promised);
            }

            @Override
            public byte[] adapter(Bytes hash) {
                return AdapterBytes.encode(Federation.adapter());
            }
        };
        assertRefused(transport, "its SHA-256 must be " + promised);
    }

    private RoundReport firstRound(CoordinatorTransport transport) throws Exception {
        List<Future<TaskReport>> others = clients.startOthers(coordinator, 2L);
        try (FederatedClient client = clients.builder(2, transport).build()) {
            return client.runRound("line");
        } finally {
            others.forEach(other -> other.cancel(true));
        }
    }

    private void assertStartRefused(byte[] adapter, int dimension, String reason) throws Exception {
        RoundPlan plan = coordinator.plan().plan();
        RoundPlan lying = new RoundPlan(
                plan.protocolVersion(),
                plan.federation(),
                plan.task(),
                plan.round(),
                plan.taskHash(),
                Bytes.sha256(adapter),
                plan.rosterHash(),
                plan.protocol(),
                plan.clients(),
                plan.neighbours(),
                plan.threshold(),
                plan.minimumSurvivors(),
                plan.corruptClients(),
                dimension,
                plan.modulusBits(),
                plan.scale(),
                plan.clippingBound(),
                plan.deadlines(),
                plan.nonce());
        ScriptedTransport transport = new ScriptedTransport(sending(adapter)) {
            @Override
            public Optional<SignedPlan> awaitPlan(String name, long afterRound, Duration wait) {
                return Optional.of(sign(lying));
            }
        };
        assertRefused(transport, reason);
    }

    private ScriptedTransport sending(byte[] adapter) {
        return new ScriptedTransport(coordinator.transport(2)) {
            @Override
            public byte[] adapter(Bytes hash) {
                return adapter.clone();
            }
        };
    }

    private void assertPlanRefused(UnaryOperator<SignedPlan> lie, String reason) throws Exception {
        assertRefused(
                new ScriptedTransport(coordinator.transport(2)) {
                    @Override
                    public Optional<SignedPlan> awaitPlan(String name, long afterRound, Duration wait)
                            throws IOException, InterruptedException {
                        return super.awaitPlan(name, afterRound, wait).map(lie);
                    }
                },
                reason);
    }

    private void assertRefused(CoordinatorTransport transport, String... reasons) throws Exception {
        List<String> heard = new ArrayList<>();
        List<String> sent = new ArrayList<>();
        ScriptedTransport watched = new ScriptedTransport(transport) {
            @Override
            protected void before(String call) {
                if (call.startsWith("send")) {
                    sent.add(call);
                }
            }
        };
        byte[] ledger = ledger();
        ProgressListener listener = new ProgressListener() {
            @Override
            public void refused(List<String> why) {
                heard.addAll(why);
            }
        };
        try (FederatedClient client =
                clients.builder(2, watched).listener(listener).build()) {
            assertThatExceptionOfType(RefusedException.class)
                    .isThrownBy(() -> client.run("line"))
                    .withMessageStartingWith("refused ")
                    .satisfies(e -> assertThat(e.getMessage()).contains(reasons))
                    .satisfies(e -> assertThat(heard).isEqualTo(e.reasons()));
        }
        assertThat(sent).isEmpty();
        assertThat(charges(ledger())).isEqualTo(charges(ledger)).isZero();
        assertThat(clients.stateDirectory(2).resolve("rounds.json")).doesNotExist();
    }

    private static long charges(byte[] ledger) {
        return new String(ledger, java.nio.charset.StandardCharsets.UTF_8)
                .lines()
                .filter(line -> line.contains("\"charge\""))
                .count();
    }

    private byte[] ledger() throws IOException {
        Path file = clients.stateDirectory(2).resolve("privacy-record.ledger");
        return Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
    }

    private SignedPlan sign(RoundPlan plan) {
        return SignedPlan.sign(plan, federation.coordinator());
    }

    private static RoundPlan changed(RoundPlan plan, long round, Bytes rosterHash, Integer minimumSurvivors) {
        return new RoundPlan(
                plan.protocolVersion(),
                plan.federation(),
                plan.task(),
                round,
                plan.taskHash(),
                plan.adapterHash(),
                rosterHash == null ? plan.rosterHash() : rosterHash,
                plan.protocol(),
                plan.clients(),
                plan.neighbours(),
                plan.threshold(),
                minimumSurvivors == null ? plan.minimumSurvivors() : minimumSurvivors,
                plan.corruptClients(),
                plan.dimension(),
                plan.modulusBits(),
                plan.scale(),
                plan.clippingBound(),
                plan.deadlines(),
                plan.nonce());
    }
}
