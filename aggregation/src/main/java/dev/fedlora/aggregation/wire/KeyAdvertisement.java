package dev.fedlora.aggregation.wire;

import dev.fedlora.aggregation.crypto.IdentityKeys;

/**
 * A client's fresh public keys for one session, signed by its identity key.
 *
 * @param session of the round
 * @param client sender
 * @param maskKey X25519, pkM: masks are derived from it
 * @param shareKey X25519, pkE: shares are sealed to it
 * @param nonce 32 random bytes
 * @param signature Ed25519 by the client's identity key over all of the above
 */
public record KeyAdvertisement(
        SessionId session, long client, Bytes maskKey, Bytes shareKey, Bytes nonce, Bytes signature)
        implements ClientMessage {
    private static final String DOMAIN = "fedlora keys v1";

    /** @throws IllegalArgumentException when a field has the wrong length or the id is not positive */
    public KeyAdvertisement {
        Sizes.requireClient(client);
        Sizes.require("maskKey", Sizes.PUBLIC_KEY, maskKey);
        Sizes.require("shareKey", Sizes.PUBLIC_KEY, shareKey);
        Sizes.require("nonce", Sizes.NONCE, nonce);
        Sizes.require("signature", Sizes.SIGNATURE, signature);
    }

    /** What a client advertises, before it is signed. */
    public record Keys(Bytes maskKey, Bytes shareKey, Bytes nonce) {}

    /** Signs {@code keys} of {@code client} for {@code session}. */
    public static KeyAdvertisement sign(SessionId session, long client, Keys keys, IdentityKeys identity) {
        byte[] signature = identity.sign(signedBytes(session, client, keys));
        return new KeyAdvertisement(
                session, client, keys.maskKey(), keys.shareKey(), keys.nonce(), Bytes.of(signature));
    }

    /** Says whether the owner of {@code identityKey} signed this. */
    public boolean isSignedBy(Bytes identityKey) {
        byte[] signed = signedBytes(session, client, new Keys(maskKey, shareKey, nonce));
        return IdentityKeys.verify(identityKey.toArray(), signed, signature.toArray());
    }

    private static byte[] signedBytes(SessionId session, long client, Keys keys) {
        ByteWriter out = new ByteWriter().text(DOMAIN).fixed(session.value()).u64(client);
        return out.fixed(keys.maskKey())
                .fixed(keys.shareKey())
                .fixed(keys.nonce())
                .toArray();
    }

    @Override
    public Phase phase() {
        return Phase.KEYS;
    }

    void writeTo(ByteWriter out) {
        out.u64(client).fixed(maskKey).fixed(shareKey).fixed(nonce).fixed(signature);
    }

    static KeyAdvertisement readFrom(SessionId session, ByteReader in) {
        return new KeyAdvertisement(
                session,
                in.u64("client"),
                in.fixed("maskKey", Sizes.PUBLIC_KEY),
                in.fixed("shareKey", Sizes.PUBLIC_KEY),
                in.fixed("nonce", Sizes.NONCE),
                in.fixed("signature", Sizes.SIGNATURE));
    }
}
