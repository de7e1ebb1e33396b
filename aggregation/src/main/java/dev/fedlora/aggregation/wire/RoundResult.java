package dev.fedlora.aggregation.wire;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import java.util.List;

/**
 * The good end of a round: the next adapter and who is in it, signed by the coordinator.
 *
 * @param session of the round
 * @param newAdapterHash SHA-256 of the new adapter's bytes
 * @param survivors ids in ascending order
 * @param signature Ed25519 by the coordinator's key over all of the above
 */
public record RoundResult(SessionId session, Bytes newAdapterHash, List<Long> survivors, Bytes signature)
        implements ServerMessage {
    private static final String DOMAIN = "fedlora result v1";

    /** @throws IllegalArgumentException when a length or the order is wrong */
    public RoundResult {
        Sizes.require("newAdapterHash", Sizes.HASH, newAdapterHash);
        Sizes.require("signature", Sizes.SIGNATURE, signature);
        survivors = List.copyOf(survivors);
        Sizes.requireAscending("survivors", survivors);
    }

    /** Signs the end of {@code session}. */
    public static RoundResult sign(
            SessionId session, Bytes newAdapterHash, List<Long> survivors, IdentityKeys coordinator) {
        byte[] signature = coordinator.sign(signedBytes(session, newAdapterHash, survivors));
        return new RoundResult(session, newAdapterHash, survivors, Bytes.of(signature));
    }

    /** Says whether the coordinator with this public key signed the result. */
    public boolean isSignedBy(Bytes coordinatorKey) {
        byte[] signed = signedBytes(session, newAdapterHash, survivors);
        return IdentityKeys.verify(coordinatorKey.toArray(), signed, signature.toArray());
    }

    private static byte[] signedBytes(SessionId session, Bytes newAdapterHash, List<Long> survivors) {
        ByteWriter out = new ByteWriter().text(DOMAIN).fixed(session.value()).fixed(newAdapterHash);
        return out.list(survivors, ByteWriter::u64).toArray();
    }

    void writeTo(ByteWriter out) {
        out.fixed(newAdapterHash).list(survivors, ByteWriter::u64).fixed(signature);
    }

    static RoundResult readFrom(SessionId session, ByteReader in) {
        return new RoundResult(
                session,
                in.fixed("newAdapterHash", Sizes.HASH),
                in.list("survivors", 8, id -> id.u64("survivor")),
                in.fixed("signature", Sizes.SIGNATURE));
    }
}
