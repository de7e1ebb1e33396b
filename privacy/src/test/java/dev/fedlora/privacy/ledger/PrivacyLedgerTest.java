package dev.fedlora.privacy.ledger;

import static dev.fedlora.privacy.ledger.LedgerFixture.DELTA;
import static dev.fedlora.privacy.ledger.LedgerFixture.EVENT;
import static dev.fedlora.privacy.ledger.LedgerFixture.TERMS;
import static dev.fedlora.privacy.ledger.LedgerFixture.charge;
import static dev.fedlora.privacy.ledger.LedgerFixture.contents;
import static dev.fedlora.privacy.ledger.LedgerFixture.plan;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.fedlora.privacy.accounting.Budget;
import dev.fedlora.privacy.accounting.NoiseKind;
import dev.fedlora.privacy.accounting.RdpAccountant;
import dev.fedlora.privacy.accounting.SampledGaussian;
import dev.fedlora.testkit.Property;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrivacyLedgerTest {
    @TempDir
    Path folder;

    private Path path;

    @BeforeEach
    void name() {
        path = folder.resolve("coordinator.ledger");
    }

    @Test
    void spent_afterCharges_isWhatTheAccountantSays() throws IOException {
        try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
            assertThat(ledger.spent(DELTA)).isZero();
            ledger.charge(charge(0));
            double foretold = ledger.afterCharging(EVENT, 20, DELTA);
            ledger.charge(charge(1));
            assertThat(ledger.spent(DELTA)).isEqualTo(foretold);
            assertThat(ledger.spent(DELTA))
                    .isEqualTo(new RdpAccountant().plus(EVENT, 40).epsilon(DELTA))
                    .isPositive();
        }
    }

    @Test
    void open_again_findsTheSameToTheLastBit() throws IOException {
        double spent;
        LedgerReport report;
        try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
            for (int round = 0; round < 30; round++) {
                var event = new SampledGaussian(1 + round % 3 * 0.1, 0.01, NoiseKind.CONTINUOUS);
                var release = new ReleaseId("tâche \"\uD83D\uDE80\" \\ 1", round, plan(round));
                ledger.charge(
                        new Charge(release, event, round + 1, Amplification.RECORDS, Instant.ofEpochMilli(round)));
            }
            spent = ledger.spent(DELTA);
            report = ledger.report(DELTA);
        }
        try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
            assertThat(ledger.spent(DELTA)).isEqualTo(spent);
            assertThat(ledger.report(DELTA)).isEqualTo(report);
        }
        try (PrivacyLedger ledger = PrivacyLedger.openExisting(path)) {
            assertThat(ledger.terms()).isEqualTo(TERMS);
            assertThat(ledger.head()).isEqualTo(report.head());
        }
    }

    @Test
    void charge_returned_isOnTheDisk() throws IOException {
        try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
            ledger.charge(charge(7));
            List<String> lines = Files.readAllLines(path);
            assertThat(lines).hasSize(2);
            assertThat(lines.get(1)).contains("\"round\":7").contains(plan(7));
            assertThat(Files.readString(LedgerFixture.head(path)))
                    .contains(ledger.head().hash());
        }
    }

    @Test
    void charge_sameReleaseTwice_chargesOnce() throws IOException {
        try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
            LedgerEntry.Charged first = ledger.charge(charge(0));
            Charge later = new Charge(
                    charge(0).release(), EVENT, 20, Amplification.RECORDS, Instant.parse("2027-01-01T00:00:00Z"));
            assertThat(ledger.charge(later)).isEqualTo(first);
            assertThat(ledger.chargeWithin(new Budget(1e-9, DELTA), later)).isEqualTo(first);
            assertThat(ledger.entries()).containsExactly(first);
            assertThat(ledger.find("triage", 0)).contains(first);
            assertThat(ledger.find("triage", 1)).isEmpty();
        }
        try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
            ledger.charge(charge(0));
            assertThat(ledger.entries()).hasSize(1);
        }
    }

    @Test
    void charge_sameRoundUnderAnotherPlan_isRefused() throws IOException {
        try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
            ledger.charge(charge(0));
            Map<String, String> before = contents(folder);
            assertThatThrownBy(() -> ledger.charge(charge(0, plan(99), 20)))
                    .isInstanceOf(LedgerConflictException.class)
                    .hasMessageContaining("round 0")
                    .hasMessageContaining(plan(0))
                    .hasMessageContaining(plan(99));
            assertThatThrownBy(() -> ledger.charge(charge(0, plan(0), 21)))
                    .isInstanceOf(LedgerConflictException.class)
                    .hasMessageContaining("other figures");
            assertThat(contents(folder)).isEqualTo(before);
            assertThat(ledger.entries()).hasSize(1);
        }
    }

    @Test
    void requireWithin_exceeded_saysTheNumbersAndWritesNothing() throws IOException {
        try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
            ledger.charge(charge(0));
            Map<String, String> before = contents(folder);
            double spent = ledger.spent(DELTA);
            Budget budget = new Budget(spent * 1.0001, DELTA);
            assertThatThrownBy(() -> ledger.chargeWithin(budget, charge(1)))
                    .isInstanceOfSatisfying(BudgetExceededException.class, refused -> {
                        assertThat(refused.budget()).isEqualTo(budget);
                        assertThat(refused.spent()).isEqualTo(spent);
                        assertThat(refused.afterwards()).isGreaterThan(spent);
                    })
                    .hasMessageContaining(Double.toString(spent))
                    .hasMessageContaining(Double.toString(budget.epsilon()));
            assertThatThrownBy(() -> ledger.requireWithin(budget, EVENT, 20))
                    .isInstanceOf(BudgetExceededException.class);
            assertThat(contents(folder)).isEqualTo(before);
        }
    }

    @Test
    void chargeWithin_budgetMetExactly_isAllowed() throws IOException {
        try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
            ledger.charge(charge(0));
            double after = ledger.afterCharging(EVENT, 20, DELTA);
            ledger.chargeWithin(new Budget(after, DELTA), charge(1));
            assertThat(ledger.spent(DELTA)).isEqualTo(after);
        }
    }

    @Test
    void charge_cohortSamplingAgainstTheCoordinator_isRefused() throws IOException {
        Charge cohort = new Charge(new ReleaseId("t", 0, plan(0)), EVENT, 1, Amplification.COHORT, Instant.EPOCH);
        try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
            assertThatThrownBy(() -> ledger.charge(cohort))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("coordinator");
            assertThat(ledger.entries()).isEmpty();
        }
        LedgerTerms outsiders = LedgerTerms.of(PrivacyUnit.CLIENT, Audience.OUTSIDERS);
        try (PrivacyLedger ledger = PrivacyLedger.open(folder.resolve("outsiders.ledger"), outsiders)) {
            ledger.charge(cohort);
            assertThat(ledger.entries()).hasSize(1);
        }
    }

    @Test
    void charge_impossibleFigures_areRefused() {
        ReleaseId release = new ReleaseId("t", 0, plan(0));
        assertThatThrownBy(() -> new Charge(release, EVENT, 1, Amplification.NONE, Instant.EPOCH))
                .hasMessageContaining("sampling rate is 0.01");
        assertThatThrownBy(() -> new Charge(release, EVENT, 0, Amplification.RECORDS, Instant.EPOCH))
                .hasMessageContaining("steps are 0");
        assertThat(new ReleaseId("n".repeat(100) + "/" + "t".repeat(100), 0, plan(0)).task())
                .hasSize(201);
        assertThatThrownBy(() -> new ReleaseId("", 0, plan(0))).hasMessageContaining("0 characters");
        assertThatThrownBy(() -> new ReleaseId("a\nb", 0, plan(0))).hasMessageContaining("control character");
        assertThatThrownBy(() -> new ReleaseId("\uD83D", 0, plan(0))).hasMessageContaining("surrogate");
        assertThatThrownBy(() -> new ReleaseId("t", -1, plan(0))).hasMessageContaining("round is -1");
        assertThatThrownBy(() -> new ReleaseId("t", 0, "AB")).hasMessageContaining("plan hash is \"AB\"");
        assertThatThrownBy(() -> new LedgerTerms("gdp", PrivacyUnit.RECORD, Audience.OUTSIDERS))
                .hasMessageContaining("gdp")
                .hasMessageContaining("rdp");
    }

    @Test
    void open_otherTerms_isRefused() throws IOException {
        LedgerFixture.write(path, 1);
        Map<String, String> before = contents(folder);
        assertThatThrownBy(() -> PrivacyLedger.open(path, LedgerTerms.of(PrivacyUnit.GROUP, Audience.COORDINATOR)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("RECORD")
                .hasMessageContaining("GROUP");
        assertThat(contents(folder)).isEqualTo(before);
    }

    @Test
    void open_heldByThisProcess_isRefused() throws IOException {
        try (PrivacyLedger held = PrivacyLedger.open(path, TERMS)) {
            held.charge(charge(0));
            assertThatThrownBy(() -> PrivacyLedger.open(path, TERMS)).isInstanceOf(LedgerInUseException.class);
        }
        PrivacyLedger.open(path, TERMS).close();
    }

    @Test
    void open_heldByAnotherProcess_isRefused() throws Exception {
        Process other = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        HoldingProcess.class.getName(),
                        path.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader says = other.inputReader()) {
            assertThat(says.readLine()).isEqualTo("held");
            assertThatThrownBy(() -> PrivacyLedger.open(path, TERMS)).isInstanceOf(LedgerInUseException.class);
        } finally {
            other.destroyForcibly().waitFor();
        }
        try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
            assertThat(ledger.entries()).hasSize(1); // charged by the process that was killed
        }
    }

    /** Charges round 0, says so and waits to be killed. */
    static final class HoldingProcess {
        private HoldingProcess() {}

        public static void main(String[] arguments) throws IOException {
            try (PrivacyLedger ledger = PrivacyLedger.open(Path.of(arguments[0]), TERMS)) {
                ledger.charge(charge(0));
                System.out.println("held");
                int end = System.in.read();
                System.out.println(end);
            }
        }
    }

    @Test
    void openExisting_noFile_isRefusedAndNoneIsMade() {
        assertThatThrownBy(() -> PrivacyLedger.openExisting(path)).isInstanceOf(NoSuchFileException.class);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void charge_closedLedger_isRefused() throws IOException {
        PrivacyLedger ledger = PrivacyLedger.open(path, TERMS);
        ledger.close();
        assertThatThrownBy(() -> ledger.charge(charge(0))).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> ledger.charge(charge(0)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("open it again");
        assertThat(ledger.entries()).isEmpty();
    }

    @Test
    void charge_byManyThreads_chargesEachRoundOnce() throws Exception {
        var threads = Executors.newFixedThreadPool(4);
        try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
            List<Future<LedgerEntry.Charged>> pending = LongStream.range(0, 40)
                    .mapToObj(i -> threads.submit(() -> ledger.charge(charge(i % 10))))
                    .toList();
            for (Future<LedgerEntry.Charged> charged : pending) {
                get(charged);
            }
            assertThat(ledger.entries()).hasSize(10);
        } finally {
            threads.shutdown();
        }
        try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
            assertThat(ledger.spent(DELTA))
                    .isEqualTo(new RdpAccountant().plus(EVENT, 200).epsilon(DELTA));
        }
    }

    private static LedgerEntry.Charged get(Future<LedgerEntry.Charged> charged) throws Exception {
        try {
            return charged.get();
        } catch (ExecutionException failed) {
            throw new AssertionError(failed.getCause());
        }
    }

    @Test
    void report_asJson_hasTermsEntriesAndEpsilon() throws IOException {
        LedgerFixture.write(path, 3);
        try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
            JsonNode json = ledger.report(DELTA).toJson();
            assertThat(json.get("accountant").asText()).isEqualTo("rdp");
            assertThat(json.get("unit").asText()).isEqualTo("record");
            assertThat(json.get("audience").asText()).isEqualTo("coordinator");
            assertThat(json.get("epsilon").asDouble()).isEqualTo(ledger.spent(DELTA));
            assertThat(json.get("delta").asDouble()).isEqualTo(DELTA);
            assertThat(json.get("entries")).hasSize(3);
            JsonNode last = json.get("entries").get(2);
            assertThat(last.get("round").asLong()).isEqualTo(2);
            assertThat(last.get("amplification").asText()).isEqualTo("records");
            assertThat(last.get("noiseMultiplier").asDouble()).isEqualTo(1.1);
            assertThat(last.get("hash")).isEqualTo(json.at("/head/hash"));
        }
    }

    @Test
    void ledger_anySequenceOfChargesAndReopenings_chargesEachReleaseOnce() {
        Property.forAll(20, random -> {
            try {
                Path file = Files.createTempDirectory(folder, "law").resolve("ledger");
                Map<Long, Long> expected = new HashMap<>();
                for (int session = 0; session < 4; session++) {
                    try (PrivacyLedger ledger = PrivacyLedger.open(file, TERMS)) {
                        for (int i = 0; i < 5; i++) {
                            long round = random.nextLong(8);
                            ledger.charge(charge(round, plan(round), round + 1));
                            expected.put(round, round + 1);
                        }
                        long steps =
                                expected.values().stream().mapToLong(s -> s).sum();
                        assertThat(ledger.spent(DELTA))
                                .isEqualTo(
                                        new RdpAccountant().plus(EVENT, steps).epsilon(DELTA));
                    }
                }
            } catch (IOException failed) {
                throw new AssertionError(failed);
            }
        });
    }

    @Test
    void open_hundredThousandEntries_readsThemAll() throws IOException {
        int count = 100_000;
        LedgerLines lines = new LedgerLines();
        LedgerFixture.write(path, 0);
        LedgerHead head;
        try (PrivacyLedger empty = PrivacyLedger.open(path, TERMS)) {
            head = empty.head();
        }
        try (OutputStream out = Files.newOutputStream(path, StandardOpenOption.APPEND)) {
            var buffered = new BufferedOutputStream(out);
            for (int round = 0; round < count; round++) {
                byte[] line = lines.charge(head, charge(round));
                head = new LedgerHead(round + 1, LedgerFaultsTest.hash(line));
                buffered.write(line);
                buffered.write('\n');
            }
            buffered.flush();
        }
        Files.write(LedgerFixture.head(path), lines.head(head));
        try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
            assertThat(ledger.entries()).hasSize(count);
            assertThat(ledger.spent(DELTA))
                    .isEqualTo(new RdpAccountant().plus(EVENT, 20L * count).epsilon(DELTA));
            ledger.charge(charge(count));
            assertThat(ledger.head().sequence()).isEqualTo(count + 1);
        }
    }
}
