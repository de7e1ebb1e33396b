package dev.fedlora.aggregation.crypto;

import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import org.bouncycastle.math.ec.rfc7748.X25519;

/**
 * An X25519 key pair (RFC 7748) for one session. Peers' keys of low order, with which the shared secret would be all zero
 * and known to everyone, are refused. Thread-safe until {@link #close()}.
 */
public final class AgreementKeys implements AutoCloseable {
    /** Bytes of private keys, public keys and shared secrets. */
    public static final int KEY_BYTES = X25519.POINT_SIZE;

    /** Any scalar does: every scalar is a multiple of 8 by its clamping, so points of low order become zero. */
    private static final byte[] PROBE = new byte[X25519.SCALAR_SIZE];

    private final Secret privateKey;
    private final byte[] publicKey;

    private AgreementKeys(Secret privateKey) {
        this.privateKey = privateKey;
        this.publicKey = new byte[KEY_BYTES];
        X25519.generatePublicKey(privateKey.expose(), 0, publicKey, 0);
    }

    /** Makes a new key pair. */
    public static AgreementKeys generate(SecureRandom random) {
        return new AgreementKeys(Secret.random(random, X25519.SCALAR_SIZE));
    }

    /**
     * Takes over a private key.
     *
     * @throws IllegalArgumentException when it has not 32 bytes
     */
    public static AgreementKeys ofPrivateKey(Secret privateKey) {
        if (privateKey.size() != X25519.SCALAR_SIZE) {
            throw new IllegalArgumentException("private key must be 32 bytes, got " + privateKey.size());
        }
        return new AgreementKeys(privateKey);
    }

    /** Says whether {@code candidate} has 32 bytes and is not of low order. */
    public static boolean isPublicKey(byte[] candidate) {
        return candidate.length == KEY_BYTES
                && X25519.calculateAgreement(PROBE, 0, candidate, 0, new byte[KEY_BYTES], 0);
    }

    /** Returns a copy of the public key, 32 bytes. */
    public byte[] publicKey() {
        return publicKey.clone();
    }

    /** Says whether {@code candidate} is this pair's public key. */
    public boolean hasPublicKey(byte[] candidate) {
        return MessageDigest.isEqual(publicKey, candidate);
    }

    /** Returns the private key itself, for sharing it out. */
    public Secret privateKey() {
        return privateKey;
    }

    /**
     * Returns the secret shared with the owner of {@code peer}.
     *
     * @throws IllegalArgumentException when {@code peer} has not 32 bytes or is of low order
     */
    public Secret agree(byte[] peer) {
        if (peer.length != KEY_BYTES) {
            throw new IllegalArgumentException("X25519 public key must be 32 bytes, got " + peer.length);
        }
        byte[] shared = new byte[KEY_BYTES];
        if (!X25519.calculateAgreement(privateKey.expose(), 0, peer, 0, shared, 0)) {
            throw new IllegalArgumentException(
                    "X25519 public key " + HexFormat.of().formatHex(peer) + " is of low order");
        }
        return Secret.taking(shared);
    }

    /** Wipes the private key. */
    @Override
    public void close() {
        privateKey.close();
    }

    /** Prints the public key only. */
    @Override
    public String toString() {
        return "AgreementKeys[public " + HexFormat.of().formatHex(publicKey) + "]";
    }
}
