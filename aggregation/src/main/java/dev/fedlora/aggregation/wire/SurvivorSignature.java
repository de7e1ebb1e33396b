package dev.fedlora.aggregation.wire;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import java.util.List;

/**
 * A client's signature over the list of survivors it was shown: the consistency round. Shares are revealed only after a
 * threshold of clients has signed the same list.
 *
 * @param session of the round
 * @param client sender
 * @param signature Ed25519 by the identity key over session and the hash of the list
 */
public record SurvivorSignature(SessionId session, long client, Bytes signature) implements ClientMessage {
    private static final String DOMAIN = "fedlora survivors v1";

    /** @throws IllegalArgumentException when the signature has not 64 bytes or the id is not positive */
    public SurvivorSignature {
        Sizes.requireClient(client);
        Sizes.require("signature", Sizes.SIGNATURE, signature);
    }

    /** Signs the list {@code survivors} as {@code client}. */
    public static SurvivorSignature sign(SurvivorList survivors, long client, IdentityKeys identity) {
        byte[] signature = identity.sign(signedBytes(survivors.session(), survivors.survivors()));
        return new SurvivorSignature(survivors.session(), client, Bytes.of(signature));
    }

    /** Says whether the owner of {@code identityKey} signed exactly this list for this session. */
    public boolean isSignedBy(Bytes identityKey, List<Long> survivors) {
        return IdentityKeys.verify(identityKey.toArray(), signedBytes(session, survivors), signature.toArray());
    }

    private static byte[] signedBytes(SessionId session, List<Long> survivors) {
        byte[] list = new ByteWriter().list(survivors, ByteWriter::u64).toArray();
        return new ByteWriter()
                .text(DOMAIN)
                .fixed(session.value())
                .fixed(Bytes.sha256(list))
                .toArray();
    }

    @Override
    public Phase phase() {
        return Phase.SURVIVORS;
    }

    void writeTo(ByteWriter out) {
        out.u64(client).fixed(signature);
    }

    static SurvivorSignature readFrom(SessionId session, ByteReader in) {
        return new SurvivorSignature(session, in.u64("client"), in.fixed("signature", Sizes.SIGNATURE));
    }
}
