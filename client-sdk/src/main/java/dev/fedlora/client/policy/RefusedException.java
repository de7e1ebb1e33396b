package dev.fedlora.client.policy;

import dev.fedlora.client.transport.PeerText;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** This client takes no part: what the coordinator proposes is against its owner's policy, its pins or its ledger. */
public final class RefusedException extends Exception {
    private final transient List<String> reasons;

    /**
     * Makes the refusal of {@code what}, such as "task triage" or "round 3 of task triage".
     *
     * @param reasons at least one, each a sentence that names the value got and the value allowed
     */
    public RefusedException(String what, List<String> reasons) {
        this(what, reasons.stream().map(PeerText::clean).toList(), null);
    }

    /** Makes a refusal with what led to it. */
    public RefusedException(String what, Exception cause) {
        this(what, List.of(PeerText.clean(String.valueOf(cause.getMessage()))), cause);
    }

    /** The reasons quote what the coordinator wrote, and end in logs and on terminals: they are clean here. */
    private RefusedException(String what, List<String> clean, @Nullable Exception cause) {
        super("refused " + what + ": " + String.join("; ", clean), cause);
        this.reasons = clean;
    }

    /** Returns all reasons. */
    public List<String> reasons() {
        return reasons;
    }
}
