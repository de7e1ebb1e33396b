package dev.fedlora.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.client.RoundReport.Outcome;
import dev.fedlora.client.policy.ClientPolicy;
import dev.fedlora.client.policy.RefusedException;
import dev.fedlora.client.testing.Clients;
import dev.fedlora.client.testing.Federation;
import dev.fedlora.client.testing.MemoryCoordinator;
import dev.fedlora.client.testing.ScriptedTransport;
import dev.fedlora.client.training.RoundBits;
import dev.fedlora.privacy.accounting.Accountants;
import dev.fedlora.privacy.accounting.NoiseKind;
import dev.fedlora.privacy.accounting.SampledGaussian;
import dev.fedlora.privacy.ledger.LedgerEntry;
import dev.fedlora.privacy.ledger.PrivacyLedger;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrivateTaskTest {
    @TempDir
    Path directory;

    private final Federation federation = new Federation(4);
    private final TaskSpec task = federation.privateTask(8);
    private Clients clients;

    @BeforeEach
    void makeClients() {
        clients = new Clients(federation, directory);
    }

    @AfterEach
    void stopClients() throws InterruptedException {
        clients.stop();
    }

    @Test
    void run_threeRounds_chargesWhatTheAccountantSays() throws Exception {
        MemoryCoordinator coordinator = new MemoryCoordinator(federation, task);
        Future<TaskReport> running = clients.start(clients.builder(2, coordinator.transport(2)));
        clients.startOthers(coordinator, 2L);

        List<RoundReport> rounds = Clients.result(running).rounds();

        assertThat(rounds).extracting(RoundReport::outcome).containsOnly(Outcome.FINISHED);
        for (int round = 1; round <= 3; round++) {
            RoundReport report = rounds.get(round - 1);
            assertThat(report.epsilon()).isCloseTo(epsilon(round), within(1e-12));
            assertThat(report.examples()).isZero(); // nobody is told
            assertThat(report.meanLoss()).isNaN();
        }
        try (PrivacyLedger ledger = PrivacyLedger.openExisting(ledgerFile())) {
            assertThat(ledger.spent(1e-6)).isCloseTo(epsilon(3), within(1e-12));
            assertThat(ledger.entries())
                    .hasSize(3)
                    .allSatisfy(entry -> assertThat(entry)
                            .isInstanceOfSatisfying(
                                    LedgerEntry.Charged.class,
                                    charged -> assertThat(
                                                    charged.charge().release().task())
                                            .isEqualTo("north/line")));
        }
    }

    private double epsilon(int rounds) {
        PrivacySpec privacy = task.privacy();
        return Accountants.named(Accountants.DEFAULT)
                .plus(
                        new SampledGaussian(privacy.noiseMultiplier(), privacy.samplingRate(), NoiseKind.DISCRETE),
                        (long) rounds * privacy.stepsPerRound())
                .epsilon(privacy.delta());
    }

    @ParameterizedTest
    @CsvSource({"KEYS, 0", "SHARES, 0", "MASKED, 1", "SURVIVORS, 1", "UNMASK, 1"})
    void run_networkVanishes_isChargedOnceTheVectorMayHaveLeft(Phase phase, int charges) throws Exception {
        MemoryCoordinator coordinator = new MemoryCoordinator(federation, task);
        ScriptedTransport transport = new ScriptedTransport(coordinator.transport(2)) {
            @Override
            protected void before(String call) throws IOException {
                if (call.equals("send " + phase)) {
                    throw new IOException("network is unreachable");
                }
            }
        };
        clients.startOthers(coordinator, 2L);
        try (FederatedClient client = clients.builder(2, transport).build()) {
            assertThat(client.runRound("line").outcome()).isEqualTo(Outcome.LOST);
        }
        assertThat(charges()).isEqualTo(charges);
    }

    @Test
    void run_beforeTheVectorLeaves_theChargeIsOnTheDisk() throws Exception {
        MemoryCoordinator coordinator = new MemoryCoordinator(federation, task);
        List<Long> chargedWhenSending = new ArrayList<>();
        ScriptedTransport transport = new ScriptedTransport(coordinator.transport(2)) {
            @Override
            protected void before(String call) throws IOException {
                if (call.equals("send SHARES") || call.equals("send MASKED")) {
                    chargedWhenSending.add(charges());
                }
            }
        };
        clients.startOthers(coordinator, 2L);
        try (FederatedClient client = clients.builder(2, transport).build()) {
            client.runRound("line");
        }
        assertThat(chargedWhenSending).containsExactly(0L, 1L);
    }

    @Test
    void run_budgetUsedUpInTheMiddle_stopsBeforeTheRoundThatWouldExceedIt() throws Exception {
        // enough for two rounds of the three that the task has
        TaskSpec tight = federation.privateTask((epsilon(2) + epsilon(3)) / 2);
        MemoryCoordinator coordinator = new MemoryCoordinator(federation, tight);
        clients.startOthers(coordinator, 2L);
        try (FederatedClient client =
                clients.builder(2, coordinator.transport(2)).build()) {
            assertThat(client.runRound("line").outcome()).isEqualTo(Outcome.FINISHED);
            assertThat(client.runRound("line").outcome()).isEqualTo(Outcome.FINISHED);
            assertThatExceptionOfType(RefusedException.class)
                    .isThrownBy(() -> client.runRound("line"))
                    .withMessageStartingWith("refused round 3 of task line: epsilon of this task would be");
        }
        assertThat(charges()).isEqualTo(2);
    }

    @Test
    void run_policyAllowsLessThanTheTask_isRefused() throws Exception {
        MemoryCoordinator coordinator = new MemoryCoordinator(federation, task);
        ClientPolicy strict = new ClientPolicy(3, 3, 0, true, 4, 1e-5, true);
        try (FederatedClient client =
                clients.builder(2, coordinator.transport(2)).policy(strict).build()) {
            assertThatExceptionOfType(RefusedException.class)
                    .isThrownBy(() -> client.run("line"))
                    .withMessage("refused task line: the task may spend epsilon 8.0, the policy allows 4.0");
        }
        assertThat(charges()).isZero();
    }

    @Test
    void run_policyLimitReachedOverAllTasks_isRefused() throws Exception {
        TaskSpec cheap = federation.privateTask(epsilon(1) * 1.01);
        ClientPolicy strict = new ClientPolicy(3, 3, 0, true, epsilon(1) * 1.01, 1e-5, true);
        MemoryCoordinator first = new MemoryCoordinator(federation, cheap);
        clients.startOthers(first, 2L);
        try (FederatedClient client =
                clients.builder(2, first.transport(2)).policy(strict).build()) {
            client.runRound("line");
        }
        MemoryCoordinator second = new MemoryCoordinator(federation, renamed(cheap));
        try (FederatedClient client =
                clients.builder(2, second.transport(2)).policy(strict).build()) {
            assertThatExceptionOfType(RefusedException.class)
                    .isThrownBy(() -> client.runRound("other"))
                    .withMessageContaining("epsilon of all tasks would be")
                    .withMessageContaining("the policy allows " + strict.maximumEpsilon());
        }
        assertThat(charges()).isEqualTo(1);
    }

    @Test
    void run_taskByAnotherUnitThanPaidBefore_isRefused() throws Exception {
        MemoryCoordinator first = new MemoryCoordinator(federation, task);
        clients.startOthers(first, 2L);
        try (FederatedClient client = clients.builder(2, first.transport(2)).build()) {
            client.runRound("line");
        }
        MemoryCoordinator second = new MemoryCoordinator(federation, renamed(task, "group"));
        try (FederatedClient client = clients.builder(2, second.transport(2)).build()) {
            assertThatExceptionOfType(RefusedException.class)
                    .isThrownBy(() -> client.runRound("other"))
                    .withMessageContaining("has paid for privacy by record")
                    .withMessageContaining("by group");
        }
        assertThat(charges()).isEqualTo(1);
    }

    private static TaskSpec renamed(TaskSpec task) {
        return renamed(task, task.privacy().unit());
    }

    private static TaskSpec renamed(TaskSpec task, String unit) {
        PrivacySpec terms = task.privacy();
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
                new PrivacySpec(
                        terms.epsilon(),
                        terms.delta(),
                        terms.noiseMultiplier(),
                        terms.gradientClip(),
                        terms.samplingRate(),
                        terms.stepsPerRound(),
                        unit));
    }

    @Test
    void run_sameSeed_givesTheSameAdapter() throws Exception {
        List<Object> adapters = new ArrayList<>();
        for (String attempt : List.of("a", "b")) {
            MemoryCoordinator coordinator = new MemoryCoordinator(federation, task);
            Clients group = new Clients(federation, directory.resolve(attempt));
            List<Future<TaskReport>> running = new ArrayList<>();
            for (long id = 1; id <= 4; id++) {
                running.add(group.start(
                        group.builder(id, coordinator.transport(id)).bits(RoundBits.reproducibleNotPrivate(id))));
            }
            adapters.add(Clients.result(running.get(0)).adapterHash());
            group.stop();
        }
        assertThat(adapters.get(0)).isEqualTo(adapters.get(1));
    }

    private Path ledgerFile() {
        return clients.stateDirectory(2).resolve("privacy-record.ledger");
    }

    private long charges() throws IOException {
        if (!Files.exists(ledgerFile())) {
            return 0;
        }
        return Files.readString(ledgerFile())
                .lines()
                .filter(line -> line.contains("\"kind\":\"charge\""))
                .count();
    }
}
