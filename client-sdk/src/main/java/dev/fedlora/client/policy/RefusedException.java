package dev.fedlora.client.policy;

import java.util.List;

/** This client takes no part: what the coordinator proposes is against its owner's policy, its pins or its ledger. */
public final class RefusedException extends Exception {
    private final transient List<String> reasons;

    /**
     * Makes the refusal of {@code what}, such as "task triage" or "round 3 of task triage".
     *
     * @param reasons at least one, each a sentence that names the value got and the value allowed
     */
    public RefusedException(String what, List<String> reasons) {
        super("refused " + what + ": " + String.join("; ", reasons));
        this.reasons = List.copyOf(reasons);
    }

    /** Makes a refusal with what led to it. */
    public RefusedException(String what, Exception cause) {
        super("refused " + what + ": " + cause.getMessage(), cause);
        this.reasons = List.of(String.valueOf(cause.getMessage()));
    }

    /** Returns all reasons. */
    public List<String> reasons() {
        return reasons;
    }
}
