package dev.fedlora.aggregation.wire;

import java.nio.charset.StandardCharsets;

/**
 * The bad end of a round: no sum was learnt, nothing was changed.
 *
 * @param session of the round
 * @param reason why
 * @param detail one sentence for people, at most 1000 bytes of UTF-8; never holds updates, shares or keys
 */
public record RoundAborted(SessionId session, Reason reason, String detail) implements ServerMessage {
    static final int MAX_DETAIL_BYTES = 1000;

    /** Why a round ended without a sum. The order is the wire code. */
    public enum Reason {
        /** Fewer clients than the plan needs were left after a phase. */
        TOO_FEW_CLIENTS,
        /** Some secret could not be restored from the shares that came. */
        BAD_SHARES,
        /** The sum cannot have come from honest clients. */
        IMPLAUSIBLE_SUM,
        /** An operator stopped the task. */
        STOPPED,
        /** The coordinator was restarted in the middle of the round. */
        RESTARTED,
        /** The coordinator failed. */
        FAILED
    }

    /** @throws IllegalArgumentException when the detail is too long */
    public RoundAborted {
        int size = detail.getBytes(StandardCharsets.UTF_8).length;
        if (size > MAX_DETAIL_BYTES) {
            throw new IllegalArgumentException("detail must be at most " + MAX_DETAIL_BYTES + " bytes, got " + size);
        }
    }

    void writeTo(ByteWriter out) {
        out.u8(reason.ordinal()).text(detail);
    }

    static RoundAborted readFrom(SessionId session, ByteReader in) {
        int code = in.u8("reason");
        if (code >= Reason.values().length) {
            throw ByteReader.malformed("unknown reason " + code);
        }
        return new RoundAborted(session, Reason.values()[code], in.text("detail", MAX_DETAIL_BYTES));
    }
}
