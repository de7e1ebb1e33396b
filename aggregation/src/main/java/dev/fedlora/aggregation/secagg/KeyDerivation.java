package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.crypto.Hkdf;
import dev.fedlora.aggregation.crypto.MaskStream;
import dev.fedlora.aggregation.crypto.Secret;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.SessionId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Every key of a session: HKDF-SHA-256 with the session id as salt, and an info that names use, clients and public keys.
 * Client and server derive masks here, so they cannot drift apart. Immutable, thread-safe.
 *
 * <pre>
 * pair mask  info "fedlora secagg v1 pair mask" u64(low id) u64(high id) pk(low) pk(high) u32(dimension) u8(32)
 * self mask  info "fedlora secagg v1 self mask" u64(id) u32(dimension) u8(32)
 * share box  info "fedlora secagg v1 share box" u64(from) u64(to) pk(from) pk(to)
 * </pre>
 */
final class KeyDerivation {
    private static final byte[] PAIR_MASK = ascii("fedlora secagg v1 pair mask");
    private static final byte[] SELF_MASK = ascii("fedlora secagg v1 self mask");
    private static final byte[] SHARE_BOX = ascii("fedlora secagg v1 share box");
    private static final String SEED_COMMITMENT = "fedlora secagg v1 seed commitment";

    private final byte[] session;
    private final int dimension;

    KeyDerivation(SessionId session, int dimension) {
        this.session = session.value().toArray();
        this.dimension = dimension;
    }

    /**
     * A client and one of its public keys.
     *
     * @param id of the client
     * @param key X25519 public key
     */
    record Party(long id, Bytes key) {}

    /** Returns the key of the mask that two clients share; {@code shared} and the result are the same from both ends. */
    Secret pairMask(Secret shared, Party one, Party other) {
        Party low = one.id() < other.id() ? one : other;
        Party high = one.id() < other.id() ? other : one;
        ByteBuffer info = ByteBuffer.allocate(PAIR_MASK.length + 2 * 8 + 2 * 32 + 5);
        info.put(PAIR_MASK).putLong(low.id()).putLong(high.id());
        info.put(low.key().toArray()).put(high.key().toArray());
        info.putInt(dimension).put((byte) RoundPlan.MODULUS_BITS);
        return Hkdf.derive(shared, session, info.array(), MaskStream.KEY_BYTES);
    }

    /** Returns the key of a client's own mask. */
    Secret selfMask(Secret seed, long client) {
        ByteBuffer info = ByteBuffer.allocate(SELF_MASK.length + 8 + 5);
        info.put(SELF_MASK).putLong(client).putInt(dimension).put((byte) RoundPlan.MODULUS_BITS);
        return Hkdf.derive(seed, session, info.array(), MaskStream.KEY_BYTES);
    }

    /** Returns the key that seals shares in one direction, from the secret that both ends share. */
    Secret shareBox(Secret shared, Party from, Party to) {
        ByteBuffer info = ByteBuffer.allocate(SHARE_BOX.length + 2 * 8 + 2 * 32);
        info.put(SHARE_BOX).putLong(from.id()).putLong(to.id());
        info.put(from.key().toArray()).put(to.key().toArray());
        return Hkdf.derive(shared, session, info.array(), 32);
    }

    /** Returns what a box of shares is bound to beside its key: session, sender, recipient. */
    byte[] boxContext(long from, long to) {
        return ByteBuffer.allocate(session.length + 16)
                .put(session)
                .putLong(from)
                .putLong(to)
                .array();
    }

    /** Returns the hash that binds a client to its self-mask seed. */
    Bytes seedCommitment(Secret seed, long client) {
        byte[] context = ByteBuffer.allocate(session.length + 8)
                .put(session)
                .putLong(client)
                .array();
        return Bytes.of(seed.commitment(SEED_COMMITMENT, context));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
