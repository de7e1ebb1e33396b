package dev.fedlora.aggregation.wire;

import java.util.List;

/**
 * Whose masked vectors are in the sum: U3. Which clients were lost, a client works out itself, so a server cannot ask for
 * both shares of anyone.
 *
 * @param session of the round
 * @param survivors ids in ascending order
 */
public record SurvivorList(SessionId session, List<Long> survivors) implements ServerMessage {
    /** @throws IllegalArgumentException when the order is wrong */
    public SurvivorList {
        survivors = List.copyOf(survivors);
        Sizes.requireAscending("survivors", survivors);
    }

    void writeTo(ByteWriter out) {
        out.list(survivors, ByteWriter::u64);
    }

    static SurvivorList readFrom(SessionId session, ByteReader in) {
        return new SurvivorList(session, in.list("survivors", 8, id -> id.u64("survivor")));
    }
}
