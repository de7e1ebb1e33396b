package dev.fedlora.aggregation.wire;

import java.util.List;

/**
 * The keys of everyone who takes part: U1.
 *
 * @param session of the round
 * @param entries in ascending order of the client, each of this session
 */
public record KeyRoster(SessionId session, List<KeyAdvertisement> entries) implements ServerMessage {
    /** @throws IllegalArgumentException when the order is wrong or an entry is of another session */
    public KeyRoster {
        entries = List.copyOf(entries);
        Sizes.requireAscending(
                "entries", entries.stream().map(KeyAdvertisement::client).toList());
        if (!entries.stream().allMatch(entry -> entry.session().equals(session))) {
            throw new IllegalArgumentException("entries must be of session " + session);
        }
    }

    void writeTo(ByteWriter out) {
        out.list(entries, (to, entry) -> entry.writeTo(to));
    }

    static KeyRoster readFrom(SessionId session, ByteReader in) {
        int least = 8 + 2 * Sizes.PUBLIC_KEY + Sizes.NONCE + Sizes.SIGNATURE;
        return new KeyRoster(session, in.list("entries", least, entry -> KeyAdvertisement.readFrom(session, entry)));
    }
}
