package dev.fedlora.client;

import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.client.policy.ClientPolicy;
import dev.fedlora.client.transport.WaitingTime;
import dev.fedlora.privacy.accounting.Accountant;
import dev.fedlora.privacy.accounting.Accountants;
import dev.fedlora.privacy.accounting.Budget;
import dev.fedlora.privacy.accounting.NoiseKind;
import dev.fedlora.privacy.accounting.SampledGaussian;
import dev.fedlora.privacy.ledger.Amplification;
import dev.fedlora.privacy.ledger.Audience;
import dev.fedlora.privacy.ledger.BudgetExceededException;
import dev.fedlora.privacy.ledger.Charge;
import dev.fedlora.privacy.ledger.LedgerConflictException;
import dev.fedlora.privacy.ledger.LedgerEntry;
import dev.fedlora.privacy.ledger.LedgerTerms;
import dev.fedlora.privacy.ledger.PrivacyLedger;
import dev.fedlora.privacy.ledger.PrivacyUnit;
import dev.fedlora.privacy.ledger.ReleaseId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Holds a task against the client's own ledger. The ledger is the state directory's, one for each unit of privacy, and
 * composes everything that this client's data ever paid, whatever task it was for. Two limits apply: the task's own
 * charges stay within the task's budget, and all charges together within the policy's. For a task without a guarantee
 * there is nothing to charge and nothing is claimed.
 *
 * <p>Costs of different units do not add up, so a state directory whose data has paid by one unit refuses tasks by another:
 * otherwise a coordinator could have the policy's limit once for each unit.
 *
 * <p>The audience is the coordinator: it knows who takes part in a round but not which records a step drew, so Poisson
 * sampling of records counts.
 */
final class PrivacyGuard implements AutoCloseable {
    private final TaskSpec task;
    private final ClientPolicy policy;
    private final WaitingTime time;
    private final @Nullable PrivacyLedger ledger;
    private final Optional<String> otherUnit;

    private PrivacyGuard(
            TaskSpec task,
            ClientPolicy policy,
            WaitingTime time,
            @Nullable PrivacyLedger ledger,
            Optional<String> otherUnit) {
        this.task = task;
        this.policy = policy;
        this.time = time;
        this.ledger = ledger;
        this.otherUnit = otherUnit;
    }

    /** @throws IOException when the ledger cannot be opened */
    static PrivacyGuard open(TaskSpec task, ClientPolicy policy, Path directory, WaitingTime time) throws IOException {
        PrivacySpec privacy = task.privacy();
        if (privacy == null) {
            return new PrivacyGuard(task, policy, time, null, Optional.empty());
        }
        boolean isGrouped = privacy.unit().equals("group");
        Optional<String> otherUnit = paidBy(isGrouped ? "record" : "group", privacy.unit(), directory);
        Path file = ledgerFile(directory, privacy.unit());
        PrivacyUnit unit = isGrouped ? PrivacyUnit.GROUP : PrivacyUnit.RECORD;
        PrivacyLedger ledger = PrivacyLedger.open(file, LedgerTerms.of(unit, Audience.COORDINATOR));
        return new PrivacyGuard(task, policy, time, ledger, otherUnit);
    }

    private static Path ledgerFile(Path directory, String unit) {
        return directory.resolve("privacy-" + unit + ".ledger");
    }

    /** Returns an objection when anything was ever paid by the unit {@code other}. */
    private static Optional<String> paidBy(String other, String unit, Path directory) throws IOException {
        Path file = ledgerFile(directory, other);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try (PrivacyLedger ledger = PrivacyLedger.openExisting(file)) {
            boolean hasPaid = ledger.entries().stream().anyMatch(LedgerEntry.Charged.class::isInstance);
            return hasPaid
                    ? Optional.of("this data has paid for privacy by %s (%s), and costs by %s do not add up with that"
                            .formatted(other, file.getFileName(), unit))
                    : Optional.empty();
        }
    }

    /** Returns why the next round must not be paid for, or nothing when it may. */
    Optional<String> objection() {
        PrivacySpec privacy = task.privacy();
        if (privacy == null || ledger == null) {
            return Optional.empty();
        }
        if (otherUnit.isPresent()) {
            return otherUnit;
        }
        double task =
                paid(privacy).plus(event(privacy), privacy.stepsPerRound()).epsilon(privacy.delta());
        if (!(task <= privacy.epsilon())) {
            return Optional.of("epsilon of this task would be %s after the round, its budget is %s at delta %s"
                    .formatted(task, privacy.epsilon(), privacy.delta()));
        }
        double all = ledger.afterCharging(event(privacy), privacy.stepsPerRound(), privacy.delta());
        if (!(all <= policy.maximumEpsilon())) {
            return Optional.of("epsilon of all tasks would be %s after the round, the policy allows %s at delta %s"
                    .formatted(all, policy.maximumEpsilon(), privacy.delta()));
        }
        return Optional.empty();
    }

    /**
     * Pays for a round. When this returns, the charge is on the disk.
     *
     * @throws Participation.NotReleasedException when it must not be paid or could not be written
     */
    void charge(RoundPlan plan) throws Participation.NotReleasedException {
        PrivacySpec privacy = task.privacy();
        if (privacy == null || ledger == null) {
            return;
        }
        ReleaseId release = new ReleaseId(name(), plan.round(), plan.id().hex());
        Charge charge = new Charge(release, event(privacy), privacy.stepsPerRound(), Amplification.RECORDS, time.now());
        try {
            ledger.chargeWithin(new Budget(policy.maximumEpsilon(), privacy.delta()), charge);
        } catch (BudgetExceededException | LedgerConflictException | IOException e) {
            throw new Participation.NotReleasedException(e);
        }
    }

    /** Returns what this task has cost so far, 0 without a guarantee. */
    double epsilon() {
        PrivacySpec privacy = task.privacy();
        return privacy == null ? 0 : paid(privacy).epsilon(privacy.delta());
    }

    private Accountant paid(PrivacySpec privacy) {
        long steps = 0;
        Accountant accountant = Accountants.named(Accountants.DEFAULT);
        if (ledger == null) {
            return accountant;
        }
        for (LedgerEntry entry : ledger.entries()) {
            if (entry instanceof LedgerEntry.Charged charged
                    && charged.charge().release().task().equals(name())) {
                if (charged.charge().event().equals(event(privacy))) {
                    steps += charged.charge().steps();
                } else {
                    accountant = accountant.plus(
                            charged.charge().event(), charged.charge().steps());
                }
            }
        }
        return steps == 0 ? accountant : accountant.plus(event(privacy), steps);
    }

    private static SampledGaussian event(PrivacySpec privacy) {
        return new SampledGaussian(privacy.noiseMultiplier(), privacy.samplingRate(), NoiseKind.DISCRETE);
    }

    // tasks of two federations may have the same name
    private String name() {
        return task.federation() + "/" + task.task();
    }

    @Override
    public void close() throws IOException {
        if (ledger != null) {
            ledger.close();
        }
    }
}
