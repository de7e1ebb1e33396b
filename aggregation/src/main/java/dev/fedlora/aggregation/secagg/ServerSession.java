package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.secagg.ServerState.Aborted;
import dev.fedlora.aggregation.secagg.ServerState.Collecting;
import dev.fedlora.aggregation.secagg.ServerState.Finished;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.ClientMessage;
import dev.fedlora.aggregation.wire.KeyRoster;
import dev.fedlora.aggregation.wire.MaskedVector;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.ProtocolException.Reason;
import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.aggregation.wire.RosterEntry;
import dev.fedlora.aggregation.wire.RoundAborted;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.SealedShares;
import dev.fedlora.aggregation.wire.ServerMessage;
import dev.fedlora.aggregation.wire.SessionId;
import dev.fedlora.aggregation.wire.ShareDelivery;
import dev.fedlora.aggregation.wire.SignatureList;
import dev.fedlora.aggregation.wire.SurvivorList;
import dev.fedlora.aggregation.wire.WireFormat;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The server's side of one round: collects messages, closes phases when it is told to (it has no clock), and ends with
 * the exact sum or an abort. Identical repeats of an accepted message have no effect, even after their phase; every other
 * message that does not fit is refused and leaves the round as it was.
 *
 * <p>Memory is the sum, and each upload that is under way; no vector is kept once it is added. Thread-safe: changes are
 * made one after another, queries read an immutable state and never wait. Closing the last phase computes for
 * milliseconds to seconds on all cores, so it does not belong on an event loop.
 */
public final class ServerSession {
    /** A client that lost its connection sends again while the lost upload may still look alive. */
    private static final int UPLOADS_PER_CLIENT = 2;

    private final RoundPlan plan;
    private final SessionId id;
    private final Roster roster;
    private final MessageChecks checks;
    /** Uploads under way by client, oldest first. */
    private final Map<Long, Deque<MaskedIntake>> uploads = new HashMap<>();

    private int @Nullable [] sum;
    private volatile ServerState state;

    /**
     * Opens the first phase.
     *
     * @throws IllegalArgumentException when the roster is not the one the plan names, or has fewer clients
     */
    public ServerSession(RoundPlan plan, Roster roster) {
        if (!roster.hash().equals(plan.rosterHash()) || roster.size() < plan.clients()) {
            throw new IllegalArgumentException("the roster of %d clients with hash %s is not the plan's: %d, %s"
                    .formatted(roster.size(), roster.hash(), plan.clients(), plan.rosterHash()));
        }
        this.plan = plan;
        this.id = plan.id();
        this.roster = roster;
        this.checks = new MessageChecks(plan, roster);
        this.state = new Collecting(plan.phases().get(0), Transcript.EMPTY);
    }

    /** Returns the plan. */
    public RoundPlan plan() {
        return plan;
    }

    /** Returns the session id. */
    public SessionId id() {
        return id;
    }

    /** Returns the phase that is open, or that was when the round ended. */
    public Phase phase() {
        return state.phase();
    }

    /** Says whether the round is over: {@link #outcome()} or {@link #abortion()} is there. */
    public boolean isOver() {
        return !(state instanceof Collecting);
    }

    /** Returns the clients whose message of {@code phase} was accepted, ascending. */
    public List<Long> heardIn(Phase phase) {
        return state.transcript().heardIn(phase);
    }

    /**
     * Takes a message of the open phase.
     *
     * @throws ProtocolException when it is refused
     */
    public synchronized void receive(ClientMessage message) {
        if (!message.session().equals(id)) {
            throw new ProtocolException(
                    Reason.WRONG_SESSION, "message of session " + message.session() + ", expected " + id);
        }
        Bytes hash = Bytes.sha256(WireFormat.encode(message));
        if (isRepeat(message.phase(), message.client(), hash)) {
            return;
        }
        requireMember(message.client());
        Transcript transcript = state.transcript();
        checks.check(message, transcript);
        state = new Collecting(message.phase(), transcript.with(message, hash));
    }

    /** Says whether exactly this was accepted before; refuses what comes at the wrong time or in place of another. */
    private boolean isRepeat(Phase phase, long client, Bytes hash) {
        Bytes before = state.transcript().hashesOf(phase).get(client);
        if (hash.equals(before)) {
            return true;
        }
        requireOpen(phase, client);
        if (before != null) {
            throw new ProtocolException(
                    Reason.DUPLICATE,
                    "client %d already sent another message of phase %s".formatted(client, phase.path()));
        }
        return false;
    }

    private void requireOpen(Phase phase, long client) {
        if (isOver() || state.phase() != phase) {
            throw new ProtocolException(
                    Reason.WRONG_PHASE,
                    "message of client %d is of phase %s; the round is %s"
                            .formatted(
                                    client,
                                    phase.path(),
                                    isOver() ? "over" : "in " + state.phase().path()));
        }
    }

    private void requireMember(long client) {
        if (!members(state.phase()).contains(client)) {
            throw new ProtocolException(
                    Reason.UNKNOWN_CLIENT,
                    "client %d has no part in phase %s"
                            .formatted(client, state.phase().path()));
        }
    }

    /** Returns who may speak in a phase: the roster in the first, later who was heard in the one before. */
    private List<Long> members(Phase phase) {
        int index = plan.phases().indexOf(phase);
        return index == 0
                ? roster.clients().stream().map(RosterEntry::id).toList()
                : heardIn(plan.phases().get(index - 1));
    }

    /**
     * Opens an upload of {@code client}. Two of the same client may be under way, because a request that was cut off can
     * reach us after its repetition; the first that is whole counts. A third ends the oldest.
     *
     * @throws ProtocolException when the phase is not MASKED or the client is not in it; a client whose vector was
     *     accepted may repeat it at any time
     */
    public MaskedIntake masked(long client) {
        VectorUpload upload = new VectorUpload(this, new MaskedVector.Header(id, client, plan.dimension()));
        // outside our lock: an upload takes its own lock first, then ours
        register(upload, client).ifPresent(MaskedIntake::rollback);
        return upload;
    }

    private synchronized Optional<MaskedIntake> register(MaskedIntake upload, long client) {
        if (!heardIn(Phase.MASKED).contains(client)) {
            requireOpen(Phase.MASKED, client);
            requireMember(client);
            requireRoom(client);
        }
        Deque<MaskedIntake> underWay = uploads.computeIfAbsent(client, sender -> new ArrayDeque<>(UPLOADS_PER_CLIENT));
        underWay.addLast(upload);
        return underWay.size() > UPLOADS_PER_CLIENT ? Optional.of(underWay.removeFirst()) : Optional.empty();
    }

    /** In the clear the vectors are the first message, so the roster may have more clients than the plan admits. */
    private void requireRoom(long client) {
        if (heardIn(Phase.MASKED).size() >= plan.clients()) {
            throw new ProtocolException(
                    Reason.COHORT_FULL,
                    "the plan admits %d clients; client %d is one too many".formatted(plan.clients(), client));
        }
    }

    synchronized void accept(MaskedIntake upload, long client, Bytes hash, VectorBuffer vector) {
        Deque<MaskedIntake> underWay = uploads.get(client);
        if (underWay == null || !underWay.remove(upload)) {
            throw new ProtocolException(Reason.WRONG_PHASE, "a newer upload of client " + client + " took its place");
        }
        if (isRepeat(Phase.MASKED, client, hash)) {
            return;
        }
        requireRoom(client);
        if (sum == null) {
            sum = new int[plan.dimension()];
        }
        vector.addTo(sum);
        state = new Collecting(Phase.MASKED, state.transcript().withVector(client, hash));
    }

    /** Says whether everyone who may still speak in the open phase has; also when the round is over. */
    public boolean isPhaseComplete() {
        ServerState now = state;
        if (!(now instanceof Collecting)) {
            return true;
        }
        int index = plan.phases().indexOf(now.phase());
        int expected = index == 0
                ? plan.clients()
                : now.transcript().heardIn(plan.phases().get(index - 1)).size();
        return now.transcript().heardIn(now.phase()).size() == expected;
    }

    /**
     * Ends {@code phase} if it is the one that is open; for timers that may come too late.
     *
     * @return whether it was
     */
    public synchronized boolean closePhase(Phase phase) {
        if (isOver() || state.phase() != phase) {
            return false;
        }
        closePhase();
        return true;
    }

    /**
     * Ends the open phase: opens the next, finishes the round, or aborts it when too few clients are left.
     *
     * @throws IllegalStateException when the round is over
     */
    public synchronized void closePhase() {
        if (isOver()) {
            throw new IllegalStateException("round " + plan.round() + " of task " + plan.task() + " is over");
        }
        Phase phase = state.phase();
        int heard = heardIn(phase).size();
        // a vector more or less changes the sum; signatures and shares only have to reach the threshold
        boolean isCounted = phase != Phase.SURVIVORS && phase != Phase.UNMASK;
        int required = isCounted ? plan.requiredClients() : plan.threshold();
        if (heard < required) {
            abort(
                    RoundAborted.Reason.TOO_FEW_CLIENTS,
                    "%d clients were heard in phase %s, %d are needed".formatted(heard, phase.path(), required));
            return;
        }
        int next = plan.phases().indexOf(phase) + 1;
        if (next < plan.phases().size()) {
            state = new Collecting(plan.phases().get(next), state.transcript());
        } else {
            finish();
        }
    }

    private void finish() {
        int[] total = sum;
        if (total == null) {
            throw new IllegalStateException("survivors without a sum");
        }
        List<Long> blamed = List.of();
        if (plan.protocol() == Protocol.SECAGG) {
            KeyDerivation derivation = new KeyDerivation(id, plan.dimension());
            MaskRemoval removal = new MaskRemoval(derivation, plan.threshold(), state.transcript());
            try {
                blamed = removal.removeFrom(total, Runtime.getRuntime().availableProcessors());
            } catch (MaskRemoval.UnrestorableException e) {
                abort(RoundAborted.Reason.BAD_SHARES, String.valueOf(e.getMessage()));
                return;
            }
        }
        Outcome outcome = new Outcome(total, heardIn(Phase.MASKED), blamed);
        state = new Finished(state.phase(), state.transcript().withoutMessagesOf(Phase.UNMASK), outcome);
        release();
    }

    /** Aborts the round; without effect when it is over. */
    public synchronized void abort(RoundAborted.Reason reason, String detail) {
        if (!isOver()) {
            RoundAborted why = new RoundAborted(id, reason, detail);
            state = new Aborted(state.phase(), state.transcript().withoutMessagesOf(Phase.UNMASK), why);
            release();
        }
    }

    private void release() {
        sum = null;
        uploads.clear();
    }

    /**
     * Returns the answer to a client's message of a phase: nothing while the phase is open, and nothing for the last
     * phase, whose answer the coordinator makes; the abort, for every phase, when the round was aborted.
     *
     * @throws ProtocolException when the phase is not part of the round or the client was not heard in it
     */
    public Optional<ServerMessage> answer(Phase phase, long client) {
        ServerState now = state;
        if (now instanceof Aborted aborted) {
            return Optional.of(aborted.why());
        }
        int index = plan.phases().indexOf(phase);
        boolean isOpen = now instanceof Collecting && index >= plan.phases().indexOf(now.phase());
        if (index >= 0 && isOpen) {
            return Optional.empty();
        }
        if (!now.transcript().heardIn(phase).contains(client)) {
            throw new ProtocolException(
                    Reason.UNKNOWN_CLIENT, "client %d was not heard in phase %s".formatted(client, phase.path()));
        }
        return index == plan.phases().size() - 1
                ? Optional.empty()
                : Optional.of(answer(phase, client, now.transcript()));
    }

    private ServerMessage answer(Phase phase, long client, Transcript transcript) {
        return switch (phase) {
            case KEYS -> new KeyRoster(id, transcript.keys());
            case SHARES -> delivery(client, transcript);
            case MASKED -> new SurvivorList(id, transcript.heardIn(Phase.MASKED));
            case SURVIVORS -> new SignatureList(id, transcript.signatures());
            case UNMASK -> throw new IllegalStateException("the coordinator answers the last phase");
        };
    }

    private ShareDelivery delivery(long client, Transcript transcript) {
        List<ShareDelivery.Box> boxes = new ArrayList<>();
        for (SealedShares shares : transcript.shares()) {
            for (SealedShares.Box box : shares.boxes()) {
                if (box.to() == client) {
                    boxes.add(new ShareDelivery.Box(shares.client(), box.sealed()));
                }
            }
        }
        return new ShareDelivery(id, client, boxes);
    }

    /** Returns the sum, once the round has finished well. */
    public Optional<Outcome> outcome() {
        return state instanceof Finished finished ? Optional.of(finished.outcome()) : Optional.empty();
    }

    /** Returns why the round was aborted, if it was. */
    public Optional<RoundAborted> abortion() {
        return state instanceof Aborted aborted ? Optional.of(aborted.why()) : Optional.empty();
    }
}
