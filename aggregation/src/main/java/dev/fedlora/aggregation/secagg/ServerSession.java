package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.wire.ClientMessage;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.aggregation.wire.RoundAborted;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.ServerMessage;
import dev.fedlora.aggregation.wire.SessionId;
import java.util.List;
import java.util.Optional;

/**
 * The server's side of one round: collects messages, closes phases when it is told to (it has no clock), and ends with
 * the exact sum or an abort. Identical repeats of an accepted message have no effect; a refused message leaves the round
 * as it was.
 *
 * <p>Thread-safe. Queries never wait; {@link #closePhase()} of the last phase computes for milliseconds to seconds.
 */
public final class ServerSession {
    private final RoundPlan plan;

    /**
     * Opens the first phase.
     *
     * @throws IllegalArgumentException when the roster is not the one the plan names
     */
    public ServerSession(RoundPlan plan, Roster roster) {
        this.plan = plan;
    }

    /** Returns the plan. */
    public RoundPlan plan() {
        return plan;
    }

    /** Returns the session id. */
    public SessionId id() {
        throw new UnsupportedOperationException();
    }

    /** Returns the phase that is open, or the last one that was, when the round is over. */
    public Phase phase() {
        throw new UnsupportedOperationException();
    }

    /** Says whether the round is over: {@link #outcome()} or {@link #abortion()} is there. */
    public boolean isOver() {
        throw new UnsupportedOperationException();
    }

    /** Returns the clients whose message of {@code phase} was accepted, ascending. */
    public List<Long> heardIn(Phase phase) {
        throw new UnsupportedOperationException();
    }

    /**
     * Takes a message of the open phase.
     *
     * @throws dev.fedlora.aggregation.wire.ProtocolException when it is refused
     */
    public void receive(ClientMessage message) {
        throw new UnsupportedOperationException();
    }

    /**
     * Opens an upload of {@code client}; a newer one of the same client takes the place of one that is unfinished.
     *
     * @throws dev.fedlora.aggregation.wire.ProtocolException when the phase is not MASKED or the client is not in it
     */
    public MaskedIntake masked(long client) {
        throw new UnsupportedOperationException();
    }

    /** Says whether everyone who may still speak in the open phase has. */
    public boolean isPhaseComplete() {
        throw new UnsupportedOperationException();
    }

    /** Ends the open phase: opens the next, finishes the round, or aborts it when too few clients are left. */
    public void closePhase() {
        throw new UnsupportedOperationException();
    }

    /** Aborts the round, unless it is over. */
    public void abort(RoundAborted.Reason reason, String detail) {
        throw new UnsupportedOperationException();
    }

    /**
     * Returns the answer to a client's message of a phase: nothing while the phase is open; the abort when the round was
     * aborted; nothing for UNMASK, whose answer the coordinator makes.
     *
     * @throws dev.fedlora.aggregation.wire.ProtocolException when the client was not heard in that phase
     */
    public Optional<ServerMessage> answer(Phase phase, long client) {
        throw new UnsupportedOperationException();
    }

    /** Returns the sum, once the round has finished well. */
    public Optional<Outcome> outcome() {
        throw new UnsupportedOperationException();
    }

    /** Returns why the round was aborted, if it was. */
    public Optional<RoundAborted> abortion() {
        throw new UnsupportedOperationException();
    }
}
