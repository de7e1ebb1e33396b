package dev.fedlora.aggregation.wire;

/**
 * The peer broke the protocol. On a client it ends the session and erases every key; on a server it refuses the one
 * message and leaves the round as it was.
 */
public final class ProtocolException extends RuntimeException {
    private final Reason reason;

    /** What the peer did. The names are stable: they travel in problem documents. */
    public enum Reason {
        /** Bytes that are no message: truncated, too long, not canonical, of an unknown type or version. */
        MALFORMED,
        /** A message of another session. */
        WRONG_SESSION,
        /** A message for a phase that is not open now. */
        WRONG_PHASE,
        /** A sender that is not on the roster or not among those who may speak in this phase. */
        UNKNOWN_CLIENT,
        /** A second message of a client that differs from its first. */
        DUPLICATE,
        /** More clients than the plan admits. */
        COHORT_FULL,
        /** A signature that does not verify. */
        BAD_SIGNATURE,
        /** An ephemeral key that is invalid, of low order or used twice. */
        BAD_KEY,
        /** A sealed share that does not open or does not hold what it must. */
        BAD_SHARE,
        /** A list that lacks, repeats or invents a client. */
        BAD_LIST,
        /** A vector of another length than the plan says. */
        WRONG_LENGTH,
        /** Fewer clients than the threshold or the agreed minimum. */
        TOO_FEW_CLIENTS,
        /** A plan that breaks its own rules, the task, or the client's policy. */
        PLAN_REFUSED,
        /** An adapter that is not the one the plan names. */
        WRONG_ADAPTER,
        /** A sum that no set of honest clients can have produced. */
        IMPLAUSIBLE_SUM
    }

    /** Makes the exception for {@code reason}; {@code message} names who or what, the value got and the one allowed. */
    public ProtocolException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /** Makes the exception with what led to it. */
    public ProtocolException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    /** Returns what the peer did. */
    public Reason reason() {
        return reason;
    }
}
