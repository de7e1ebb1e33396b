package dev.fedlora.aggregation.crypto;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that nobody else may learn: a private key, a seed, a derived key. Prints its size only, compares in constant
 * time, and is zeroed by {@link #close()}; after that every use fails.
 *
 * <p>Trust: the virtual machine may have moved the array before, and libraries may have copied it; wiping shortens how
 * long a secret lives, it does not prove its absence. Thread-safe as long as nobody closes it.
 */
public final class Secret implements AutoCloseable {
    private final byte[] value;
    private volatile boolean isWiped;

    private Secret(byte[] value) {
        this.value = value;
    }

    /** Makes {@code size} random bytes. */
    public static Secret random(SecureRandom random, int size) {
        byte[] value = new byte[size];
        random.nextBytes(value);
        return new Secret(value);
    }

    /** Copies {@code value}; the caller wipes its own array. */
    public static Secret copyOf(byte[] value) {
        return new Secret(value.clone());
    }

    /** Takes over an array that nobody else keeps. */
    static Secret taking(byte[] value) {
        return new Secret(value);
    }

    /** Returns the number of bytes. */
    public int size() {
        return value.length;
    }

    /** Returns the array itself: only for the primitives of this package. */
    byte[] expose() {
        if (isWiped) {
            throw new IllegalStateException("the secret has been wiped");
        }
        return value;
    }

    /** Returns a hash that binds to this secret within {@code domain}; with 32 random bytes it reveals nothing. */
    public byte[] commitment(String domain, byte[] context) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(domain.getBytes(StandardCharsets.US_ASCII));
            digest.update((byte) 0);
            digest.update(context);
            return digest.digest(expose());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** Says whether the bytes have been zeroed. */
    public boolean isWiped() {
        return isWiped;
    }

    /** Zeroes the bytes. */
    @Override
    public void close() {
        isWiped = true;
        Arrays.fill(value, (byte) 0);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Secret that && MessageDigest.isEqual(expose(), that.expose());
    }

    /** The same for all secrets of one size, so that a hash cannot leak. */
    @Override
    public int hashCode() {
        return value.length;
    }

    /** Prints the size only. */
    @Override
    public String toString() {
        return "Secret[" + value.length + " bytes]";
    }
}
