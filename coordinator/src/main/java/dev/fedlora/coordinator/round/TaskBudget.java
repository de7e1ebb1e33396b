package dev.fedlora.coordinator.round;

import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.aggregation.wire.SessionId;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.privacy.accounting.Budget;
import dev.fedlora.privacy.accounting.NoiseKind;
import dev.fedlora.privacy.accounting.SampledGaussian;
import dev.fedlora.privacy.ledger.Amplification;
import dev.fedlora.privacy.ledger.Audience;
import dev.fedlora.privacy.ledger.BudgetExceededException;
import dev.fedlora.privacy.ledger.Charge;
import dev.fedlora.privacy.ledger.LedgerEntry;
import dev.fedlora.privacy.ledger.LedgerTerms;
import dev.fedlora.privacy.ledger.PrivacyLedger;
import dev.fedlora.privacy.ledger.PrivacyUnit;
import dev.fedlora.privacy.ledger.ReleaseId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a task may spend of privacy, and the ledger of what it has. A task without a guarantee has neither: charging it
 * costs nothing and its epsilon is null.
 *
 * <p>A round is charged when it is opened and stays charged when it is aborted: clients may have released their updates
 * by then. Thread-safe.
 */
final class TaskBudget implements AutoCloseable {
    private final String task;
    private final @Nullable PrivacySpec privacy;
    private final @Nullable PrivacyLedger ledger;

    private TaskBudget(String task, @Nullable PrivacySpec privacy, @Nullable PrivacyLedger ledger) {
        this.task = task;
        this.privacy = privacy;
        this.ledger = ledger;
    }

    /**
     * Opens or creates the ledger of a task.
     *
     * @throws IOException when it cannot be read or written, is damaged, or is open elsewhere
     */
    static TaskBudget open(Path directory, TaskSpec spec) throws IOException {
        PrivacySpec privacy = spec.privacy();
        if (privacy == null) {
            return new TaskBudget(spec.task(), null, null);
        }
        Files.createDirectories(directory);
        // task names are letters, digits, '.', '_' and '-', and start with a letter or digit
        Path file = directory.resolve(spec.task() + ".ledger");
        LedgerTerms terms = LedgerTerms.of(unit(privacy), Audience.COORDINATOR);
        return new TaskBudget(spec.task(), privacy, PrivacyLedger.open(file, terms));
    }

    private static PrivacyUnit unit(PrivacySpec privacy) {
        return privacy.unit().equals("group") ? PrivacyUnit.GROUP : PrivacyUnit.RECORD;
    }

    /** Returns the least round number that was never charged. */
    long nextRound() {
        if (ledger == null) {
            return 1;
        }
        return ledger.entries().stream()
                        .filter(LedgerEntry.Charged.class::isInstance)
                        .mapToLong(entry ->
                                ((LedgerEntry.Charged) entry).charge().release().round())
                        .max()
                        .orElse(0)
                + 1;
    }

    /**
     * Charges a round; it is on the disk when this returns.
     *
     * @throws BudgetExceededException when the round would exceed the budget; nothing is charged
     * @throws IOException when the ledger cannot be written
     */
    void charge(long round, SessionId plan, Instant now) throws IOException {
        if (ledger == null || privacy == null) {
            return;
        }
        SampledGaussian step =
                new SampledGaussian(privacy.noiseMultiplier(), privacy.samplingRate(), NoiseKind.DISCRETE);
        // records are drawn inside each client, which keeps the draw to itself: this holds against the coordinator too
        Amplification amplification = privacy.samplingRate() < 1 ? Amplification.RECORDS : Amplification.NONE;
        ReleaseId release = new ReleaseId(task, round, plan.hex());
        ledger.chargeWithin(
                new Budget(privacy.epsilon(), privacy.delta()),
                new Charge(release, step, privacy.stepsPerRound(), amplification, now));
    }

    /** Returns what is spent so far at the task's delta, null without a guarantee. */
    @Nullable Double epsilon() {
        return ledger == null || privacy == null ? null : ledger.spent(privacy.delta());
    }

    @Override
    public void close() {
        if (ledger == null) {
            return;
        }
        try {
            ledger.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
