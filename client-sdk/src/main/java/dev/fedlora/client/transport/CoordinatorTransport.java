package dev.fedlora.client.transport;

import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.MaskedVector;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.ServerMessage;
import dev.fedlora.aggregation.wire.SessionId;
import dev.fedlora.aggregation.wire.SignedPlan;
import dev.fedlora.aggregation.wire.TaskSpec;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * One client's way to its coordinator. Each call is one attempt; each may be repeated with the same arguments.
 *
 * <p>Every method throws {@link CoordinatorException} when the coordinator refuses, {@link
 * dev.fedlora.aggregation.wire.ProtocolException} when its answer is no message of the protocol, another {@link
 * IOException} when it cannot be reached, and {@link InterruptedException} when the thread is interrupted. Nothing that
 * comes back is trusted: hashes and signatures are the caller's to check.
 *
 * <p>Used by one thread at a time.
 */
public interface CoordinatorTransport extends AutoCloseable {
    /** Returns what the coordinator says the task is; it may have {@linkplain TaskSpec#problems() problems}. */
    TaskSpec task(String task) throws IOException, InterruptedException;

    /**
     * Returns the plan of the open round whose number is above {@code afterRound}, or nothing when there was none for
     * {@code wait}.
     *
     * @throws TaskFinishedException when there will be none
     */
    Optional<SignedPlan> awaitPlan(String task, long afterRound, Duration wait)
            throws IOException, InterruptedException;

    /** Returns the bytes that the coordinator has under this SHA-256. */
    byte[] adapter(Bytes hash) throws IOException, InterruptedException;

    /**
     * Sends one message of the protocol.
     *
     * @param message in its wire format
     * @throws RoundEndedException when the round is no more
     */
    void send(SessionId session, Phase phase, byte[] message) throws IOException, InterruptedException;

    /**
     * Sends the vector, as a stream.
     *
     * @throws RoundEndedException when the round is no more
     */
    void sendMasked(SessionId session, MaskedVector vector) throws IOException, InterruptedException;

    /**
     * Returns the answer of a phase to this client, or nothing when there was none for {@code wait}.
     *
     * @throws RoundEndedException when the round is no more
     */
    Optional<ServerMessage> await(SessionId session, Phase phase, Duration wait)
            throws IOException, InterruptedException;

    /** Gives connections free. */
    @Override
    default void close() {}
}
