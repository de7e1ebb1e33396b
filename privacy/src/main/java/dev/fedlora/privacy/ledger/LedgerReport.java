package dev.fedlora.privacy.ledger;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * What a ledger said at one moment.
 *
 * @param terms what it is about
 * @param delta for which the epsilon holds
 * @param epsilon of everything charged
 * @param head where the ledger ended
 * @param entries its lines after the header, in order
 */
public record LedgerReport(
        LedgerTerms terms, double delta, double epsilon, LedgerHead head, List<LedgerEntry> entries) {
    /** Copies the list. */
    public LedgerReport {
        entries = List.copyOf(entries);
    }

    /** One JSON object with the fields of this record; each entry as in the file, with its own hash. */
    public ObjectNode toJson() {
        ObjectNode json = LedgerLines.object()
                .put("accountant", terms.accountant())
                .put("unit", LedgerLines.name(terms.unit()))
                .put("audience", LedgerLines.name(terms.audience()))
                .put("delta", delta)
                .put("epsilon", epsilon);
        json.putObject("head").put("sequence", head.sequence()).put("hash", head.hash());
        ArrayNode lines = json.putArray("entries");
        for (LedgerEntry entry : entries) {
            ObjectNode line = lines.addObject().put("sequence", entry.sequence());
            if (entry instanceof LedgerEntry.Charged charged) {
                LedgerLines.putCharge(line, charged.charge());
            } else if (entry instanceof LedgerEntry.Noted noted) {
                LedgerLines.putNote(line, noted.text());
            }
            line.put("hash", entry.hash());
        }
        return json;
    }
}
