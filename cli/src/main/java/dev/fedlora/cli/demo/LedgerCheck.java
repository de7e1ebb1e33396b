package dev.fedlora.cli.demo;

import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.privacy.accounting.Accountants;
import dev.fedlora.privacy.accounting.NoiseKind;
import dev.fedlora.privacy.accounting.SampledGaussian;
import dev.fedlora.privacy.ledger.LedgerEntry;
import dev.fedlora.privacy.ledger.PrivacyLedger;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Holds the ledgers of a task against the accountant. Each ledger must say what the accountant says of the rounds charged
 * in it, and no client may have been charged for more rounds than the coordinator, nor anybody beyond the budget.
 *
 * @param epsilon spent, by the coordinator's ledger
 * @param rounds charged there
 * @param clients whose ledgers were checked
 */
record LedgerCheck(double epsilon, int rounds, int clients) {
    private static final double SUMMATION = 1e-9; // relative; the ledgers add up round by round

    /**
     * Reads the ledgers, the coordinator's first.
     *
     * @throws IllegalStateException when one disagrees
     * @throws IOException when one cannot be read
     */
    static LedgerCheck of(PrivacySpec privacy, List<Path> ledgers) throws IOException {
        int coordinator = 0;
        double spent = 0;
        for (int i = 0; i < ledgers.size(); i++) {
            try (PrivacyLedger ledger = PrivacyLedger.openExisting(ledgers.get(i))) {
                int rounds = (int) ledger.entries().stream()
                        .filter(LedgerEntry.Charged.class::isInstance)
                        .count();
                double epsilon = ledger.spent(privacy.delta());
                String whose = i == 0 ? "the coordinator" : "client " + i;
                requireAgrees(whose, privacy, rounds, epsilon);
                coordinator = i == 0 ? rounds : coordinator;
                spent = i == 0 ? epsilon : spent;
                if (rounds > coordinator) {
                    throw new IllegalStateException("%s was charged for %d rounds, the coordinator for %d"
                            .formatted(whose, rounds, coordinator));
                }
            }
        }
        return new LedgerCheck(spent, coordinator, ledgers.size() - 1);
    }

    private static void requireAgrees(String whose, PrivacySpec privacy, int rounds, double epsilon) {
        SampledGaussian step =
                new SampledGaussian(privacy.noiseMultiplier(), privacy.samplingRate(), NoiseKind.DISCRETE);
        double expected = Accountants.named(Accountants.DEFAULT)
                .plus(step, (long) rounds * privacy.stepsPerRound())
                .epsilon(privacy.delta());
        if (Math.abs(epsilon - expected) > SUMMATION * expected || epsilon > privacy.epsilon()) {
            throw new IllegalStateException(
                    "the ledger of %s says epsilon %s for %d rounds, the accountant says %s, the budget is %s"
                            .formatted(whose, epsilon, rounds, expected, privacy.epsilon()));
        }
    }
}
