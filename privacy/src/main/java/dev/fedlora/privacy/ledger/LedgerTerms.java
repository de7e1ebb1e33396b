package dev.fedlora.privacy.ledger;

import dev.fedlora.privacy.accounting.Accountant;
import dev.fedlora.privacy.accounting.Accountants;

/**
 * What a ledger is about; fixed when it is created, since costs to different audiences or of different units do not add up.
 *
 * @param accountant name of the accountant whose epsilons decide, one of {@link Accountants#names()}
 * @param unit what is protected
 * @param audience against whom
 */
public record LedgerTerms(String accountant, PrivacyUnit unit, Audience audience) {
    /** @throws IllegalArgumentException when there is no such accountant */
    public LedgerTerms {
        Accountants.named(accountant);
    }

    /** Terms with the usual accountant. */
    public static LedgerTerms of(PrivacyUnit unit, Audience audience) {
        return new LedgerTerms(Accountants.DEFAULT, unit, audience);
    }

    Accountant newAccountant() {
        return Accountants.named(accountant);
    }
}
