package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.wire.Bytes;
import java.nio.ByteBuffer;

/**
 * Takes in one client's masked vector as it arrives, header and coordinates, in chunks of any size. Nothing reaches the
 * sum before {@link #commit()}. Bytes are added by one thread at a time.
 */
public interface MaskedIntake extends AutoCloseable {
    /**
     * Takes the next bytes of the body.
     *
     * @throws dev.fedlora.aggregation.wire.ProtocolException when the header names another session, client or length, or
     *     there are too many bytes; the upload is over then
     */
    void add(ByteBuffer chunk);

    /** Returns the SHA-256 of all bytes so far, to be compared with the signed hash before {@link #commit()}. */
    Bytes sha256();

    /**
     * Adds the vector to the sum. A repeat of the vector that this client sent before has no effect.
     *
     * @throws dev.fedlora.aggregation.wire.ProtocolException when bytes are missing, the phase is over, or the client
     *     already sent another vector; the sum is as it was
     */
    void commit();

    /** Forgets what arrived; without effect after {@link #commit()}. */
    void rollback();

    /** Same as {@link #rollback()}. */
    @Override
    default void close() {
        rollback();
    }
}
