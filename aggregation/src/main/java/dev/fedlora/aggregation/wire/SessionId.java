package dev.fedlora.aggregation.wire;

/**
 * Names one round for good: the SHA-256 of its plan. Every message, signature and derived key of the round contains it.
 *
 * @param value 32 bytes
 */
public record SessionId(Bytes value) {
    /** Number of bytes. */
    public static final int SIZE = 32;

    /** @throws IllegalArgumentException when {@code value} has not 32 bytes */
    public SessionId {
        Sizes.require("session id", SIZE, value);
    }

    /**
     * Reads 64 hex digits.
     *
     * @throws IllegalArgumentException when {@code hex} is anything else
     */
    public static SessionId ofHex(String hex) {
        return new SessionId(Bytes.ofHex(hex));
    }

    /** Returns 64 lower-case hex digits. */
    public String hex() {
        return value.hex();
    }

    @Override
    public String toString() {
        return hex();
    }
}
