package dev.fedlora.coordinator.round;

import dev.fedlora.aggregation.secagg.MaskedIntake;
import dev.fedlora.aggregation.secagg.Outcome;
import dev.fedlora.aggregation.secagg.ServerSession;
import dev.fedlora.aggregation.wire.ClientMessage;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.aggregation.wire.RoundAborted;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.RoundResult;
import dev.fedlora.aggregation.wire.ServerMessage;
import dev.fedlora.aggregation.wire.SessionId;
import dev.fedlora.aggregation.wire.SignedPlan;
import dev.fedlora.aggregation.wire.WireFormat;
import dev.fedlora.coordinator.store.ClosedRound;
import dev.fedlora.coordinator.store.Traffic;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A round at work: the protocol's session, with deadlines, those who wait for answers, and the bytes of each client.
 *
 * <p>A phase is closed on a worker, once: when everybody answered or at its deadline, whichever is first. Thread-safe;
 * futures are completed and {@link Ending} is called without a lock.
 */
final class OpenRound {
    /** What becomes of the round; called on a worker. */
    interface Ending {
        /** The sum is known: {@link OpenRound#end} must follow. */
        void learned(OpenRound round, Outcome outcome);

        /** The round came to nothing: {@link OpenRound#end} must follow. */
        void aborted(OpenRound round, RoundAborted abortion);

        /** A phase was closed. */
        void phaseClosed(OpenRound round, Phase phase, Duration open);
    }

    private static final Logger LOG = LoggerFactory.getLogger(OpenRound.class);

    private final SignedPlan signed;
    private final ServerSession session;
    private final Scheduler scheduler;
    private final Ending ending;
    private final int planBytes;
    private final Map<Phase, Waiters<Long, ServerMessage>> waiters = new EnumMap<>(Phase.class);
    private final Set<Phase> answered = ConcurrentHashMap.newKeySet();
    private final ConcurrentMap<Long, Traffic> traffic = new ConcurrentHashMap<>();
    private final Map<Phase, Duration> durations = new EnumMap<>(Phase.class);

    private Phase phase;
    private long phaseOpenedNanos;
    private boolean isClosing = true;
    private Scheduler.Timer deadline = () -> {};
    private volatile @Nullable ServerMessage end;

    OpenRound(SignedPlan signed, Roster roster, Scheduler scheduler, Ending ending) {
        this.signed = signed;
        this.session = new ServerSession(signed.plan(), roster);
        this.scheduler = scheduler;
        this.ending = ending;
        this.planBytes = WireFormat.encode(signed).length;
        this.phase = signed.plan().phases().get(0);
        signed.plan().phases().forEach(each -> waiters.put(each, new Waiters<>()));
    }

    /** Opens the first phase. */
    void begin() {
        open(signed.plan().phases().get(0));
    }

    SignedPlan signed() {
        return signed;
    }

    RoundPlan plan() {
        return signed.plan();
    }

    SessionId id() {
        return session.id();
    }

    synchronized Phase phase() {
        return phase;
    }

    /** Says whether a client that has not been heard can still take part. */
    synchronized boolean isJoinable() {
        return end == null && !isClosing && phase == plan().phases().get(0);
    }

    /** Returns what is kept of the round: the times of its phases, and the bytes of each client, the plan included. */
    synchronized ClosedRound closed(Instant now) {
        return new ClosedRound(plan().task(), plan().round(), durations, traffic, now);
    }

    void count(long client, long up, long down) {
        traffic.merge(client, new Traffic(up, planBytes + down), (known, fresh) -> known.plus(up, down));
    }

    void receive(ClientMessage message, int bodyBytes) {
        session.receive(message);
        count(message.client(), bodyBytes, 0);
        closeWhenComplete();
    }

    MaskedIntake masked(long client) {
        return new CountedIntake(session.masked(client), bytes -> {
            count(client, bytes, 0);
            closeWhenComplete();
        });
    }

    /**
     * Completes when the phase is closed or the round over; an aborted round answers every phase with the abort. To be
     * cancelled by whoever waits no longer.
     */
    CompletableFuture<ServerMessage> answer(Phase of, long client) {
        Waiters<Long, ServerMessage> waiting = waiters.get(of);
        if (waiting == null) {
            throw new RefusedException(
                    RefusedException.Reason.NO_SUCH_PHASE,
                    "round %d of task %s runs %s and has no phase %s"
                            .formatted(plan().round(), plan().task(), plan().protocol(), of.path()));
        }
        CompletableFuture<ServerMessage> message = waiting.add(client);
        if (answered.contains(of)) { // asked after adding: the phase cannot be closed unnoticed in between
            tell(of, client, message);
        }
        return message;
    }

    private void tell(Phase of, long client, CompletableFuture<ServerMessage> waiter) {
        try {
            ServerMessage message = answerNow(of, client);
            if (waiter.complete(message)) {
                count(client, 0, WireFormat.encode(message).length);
            }
        } catch (RuntimeException e) {
            waiter.completeExceptionally(e);
        }
    }

    /** Returns how many wait for an answer. */
    int waiting() {
        return waiters.values().stream().mapToInt(Waiters::count).sum();
    }

    private ServerMessage answerNow(Phase of, long client) {
        ServerMessage last = end;
        if (last instanceof RoundAborted || (last instanceof RoundResult && of == lastPhase())) {
            return last;
        }
        return session.answer(of, client)
                .orElseThrow(() -> new IllegalStateException(of + " of round " + plan().round() + " has no answer"));
    }

    private Phase lastPhase() {
        return plan().phases().get(plan().phases().size() - 1);
    }

    private synchronized void open(Phase next) {
        phase = next;
        isClosing = false;
        phaseOpenedNanos = scheduler.nanoTime();
        deadline = scheduler.schedule(plan().deadlines().of(next), () -> close(next));
    }

    private void closeWhenComplete() {
        Phase current = session.phase();
        if (session.isPhaseComplete()) {
            scheduler.execute(() -> close(current)); // harmless when it is closed by then
        }
    }

    private void close(Phase closing) {
        Duration open;
        synchronized (this) {
            if (isClosing || phase != closing) {
                return;
            }
            isClosing = true;
            deadline.cancel();
            open = Duration.ofNanos(scheduler.nanoTime() - phaseOpenedNanos);
            durations.put(closing, open);
        }
        ending.phaseClosed(this, closing, open);
        try {
            session.closePhase(closing);
        } catch (RuntimeException e) {
            LOG.error("phase {} of round {} of task {} failed", closing, plan().round(), plan().task(), e);
            session.abort(RoundAborted.Reason.FAILED, "the coordinator failed; its log has the details");
        }
        settle(closing);
    }

    private void settle(Phase closed) {
        RoundAborted abortion = session.abortion().orElse(null);
        Outcome outcome = session.outcome().orElse(null);
        if (abortion != null) {
            ending.aborted(this, abortion);
        } else if (outcome != null) {
            ending.learned(this, outcome);
        } else {
            open(session.phase());
            complete(closed);
        }
    }

    private void complete(Phase closed) {
        answered.add(closed);
        Waiters<Long, ServerMessage> waiting = waiters.get(closed);
        if (waiting != null) {
            waiting.forEach((client, message) -> tell(closed, client, message));
        }
    }

    /** Aborts the round from outside, unless it is being closed for good; says whether it did. */
    boolean abort(RoundAborted.Reason reason, String detail) {
        synchronized (this) {
            if (end != null || (isClosing && phase == lastPhase())) {
                return false; // its sum is being worked out: the end is near and its own
            }
            isClosing = true;
            deadline.cancel();
        }
        session.abort(reason, detail);
        session.abortion().ifPresent(abortion -> ending.aborted(this, abortion));
        return true;
    }

    /** Tells everybody who waits, and everybody who will ask, how the round ended. */
    void end(ServerMessage last) {
        end = last;
        plan().phases().forEach(this::complete);
    }
}
