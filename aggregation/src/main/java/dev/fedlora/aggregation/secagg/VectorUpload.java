package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.MaskedVector;
import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.ProtocolException.Reason;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * One upload of one client, held aside until it is committed to its {@link ServerSession}. Synchronized, because a newer
 * upload of the same client ends it from another thread.
 */
final class VectorUpload implements MaskedIntake {
    private final ServerSession session;
    private final MaskedVector.Header expected;
    private final MessageDigest digest = newDigest();
    private final ByteBuffer header = ByteBuffer.allocate(MaskedVector.HEADER_BYTES);
    private final VectorBuffer vector;
    private boolean isOver;

    VectorUpload(ServerSession session, MaskedVector.Header expected) {
        this.session = session;
        this.expected = expected;
        this.vector = new VectorBuffer(expected.dimension());
    }

    private static MessageDigest newDigest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    @Override
    public synchronized void add(ByteBuffer chunk) {
        requireOpen();
        digest.update(chunk.duplicate());
        ByteBuffer rest = chunk.duplicate();
        chunk.position(chunk.limit());
        while (header.hasRemaining() && rest.hasRemaining()) {
            header.put(rest.get());
            if (!header.hasRemaining()) {
                checkHeader();
            }
        }
        if (rest.remaining() > vector.room()) {
            throw refusal(Reason.WRONG_LENGTH, "more than %d coordinates".formatted(expected.dimension()));
        }
        vector.add(rest);
    }

    private void checkHeader() {
        MaskedVector.Header got;
        try {
            got = MaskedVector.Header.ofBytes(header.array());
        } catch (ProtocolException e) {
            rollback();
            throw e;
        }
        if (!got.session().equals(expected.session())) {
            throw refusal(Reason.WRONG_SESSION, "header names session " + got.session());
        }
        if (got.client() != expected.client()) {
            throw refusal(Reason.UNKNOWN_CLIENT, "header names client " + got.client());
        }
        if (got.dimension() != expected.dimension()) {
            throw refusal(
                    Reason.WRONG_LENGTH,
                    "dimension must be %d, got %d".formatted(expected.dimension(), got.dimension()));
        }
    }

    @Override
    public synchronized Bytes sha256() {
        try {
            return Bytes.of(((MessageDigest) digest.clone()).digest());
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException("the JDK's SHA-256 can be cloned", e);
        }
    }

    @Override
    public synchronized void commit() {
        requireOpen();
        if (header.hasRemaining() || !vector.isComplete()) {
            throw refusal(Reason.WRONG_LENGTH, "%d bytes are missing".formatted(header.remaining() + vector.room()));
        }
        try {
            session.accept(this, expected.client(), sha256(), vector);
        } finally {
            rollback();
        }
    }

    private void requireOpen() {
        if (isOver) {
            throw new ProtocolException(
                    Reason.WRONG_PHASE, "the upload of client " + expected.client() + " is already over");
        }
    }

    private ProtocolException refusal(Reason reason, String why) {
        rollback();
        return new ProtocolException(reason, "vector of client " + expected.client() + ": " + why);
    }

    @Override
    public synchronized void rollback() {
        isOver = true;
        vector.clear();
    }
}
