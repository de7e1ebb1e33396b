package dev.fedlora.client.testing;

import dev.fedlora.aggregation.encoding.UpdateEncoder;
import dev.fedlora.aggregation.rule.FedAvg;
import dev.fedlora.aggregation.secagg.MaskedIntake;
import dev.fedlora.aggregation.secagg.Outcome;
import dev.fedlora.aggregation.secagg.RoundPlans;
import dev.fedlora.aggregation.secagg.ServerSession;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.MaskedVector;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.RoundAborted;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.RoundResult;
import dev.fedlora.aggregation.wire.ServerMessage;
import dev.fedlora.aggregation.wire.SessionId;
import dev.fedlora.aggregation.wire.SignedPlan;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.aggregation.wire.WireFormat;
import dev.fedlora.client.transport.CoordinatorException;
import dev.fedlora.client.transport.CoordinatorTransport;
import dev.fedlora.client.transport.RoundEndedException;
import dev.fedlora.client.transport.TaskFinishedException;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.safetensors.AdapterBytes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A coordinator of one task in memory: the real protocol, no clock, no store. A phase ends when everybody in it has
 * spoken, apart from those whom the test declares {@linkplain #giveUpOn gone} from a phase of a round on.
 */
public final class MemoryCoordinator {
    private final Federation federation;
    private final TaskSpec task;
    private final SecureRandom random = new SecureRandom();
    private final Map<Bytes, byte[]> adapters = new HashMap<>();
    private final Map<SessionId, RoundResult> results = new HashMap<>();
    private final Map<SessionId, ServerSession> sessions = new HashMap<>();
    private final Map<Long, Set<Long>> gone = new HashMap<>();
    private final Map<Long, Phase> goneFrom = new HashMap<>();
    private LoraAdapter adapter = Federation.adapter();
    private @Nullable ServerSession open;
    private @Nullable SignedPlan plan;
    private long round;
    private int finishedRounds;

    /** Opens the first round. */
    public MemoryCoordinator(Federation federation, TaskSpec task) {
        this.federation = federation;
        this.task = task;
        openRound();
    }

    /** Does not wait for {@code client} in {@code round} from {@code phase} on. */
    public synchronized void giveUpOn(long client, long lostRound, Phase phase) {
        gone.computeIfAbsent(lostRound, number -> new HashSet<>()).add(client);
        goneFrom.put(lostRound * 1000 + client, phase);
        advance();
    }

    /** Ends the open round without a sum and opens the next. */
    public synchronized void abortRound(String detail) {
        if (open != null) {
            open.abort(RoundAborted.Reason.STOPPED, detail);
            openRound();
        }
        notifyAll();
    }

    /** Returns the adapter as it is now. */
    public synchronized LoraAdapter adapter() {
        return adapter.copy();
    }

    /** Returns the plan of the open round. */
    public synchronized SignedPlan plan() {
        if (plan == null) {
            throw new IllegalStateException("no round is open");
        }
        return plan;
    }

    /** Returns the bytes behind a hash, or null. */
    public synchronized byte @Nullable [] adapterBytes(Bytes hash) {
        return adapters.get(hash);
    }

    /** Returns one client's way to this coordinator. */
    public CoordinatorTransport transport(long client) {
        return new MemoryTransport(client);
    }

    private synchronized void openRound() {
        round++;
        byte[] bytes = AdapterBytes.encode(adapter);
        Bytes hash = Bytes.sha256(bytes);
        adapters.put(hash, bytes);
        RoundPlans.Start start = new RoundPlans.Start(round, hash, adapter.parameterCount());
        RoundPlan terms = RoundPlans.plan(task, federation.roster(), start, random);
        plan = SignedPlan.sign(terms, federation.coordinator());
        open = new ServerSession(terms, federation.roster());
        sessions.put(open.id(), open);
        notifyAll();
    }

    private void advance() {
        while (open != null && !open.isOver() && isPhaseDone(open)) {
            open.closePhase();
        }
        if (open != null && open.isOver()) {
            close(open);
        }
        notifyAll();
    }

    private boolean isPhaseDone(ServerSession session) {
        if (session.isPhaseComplete()) {
            return true;
        }
        Phase phase = session.phase();
        List<Long> heard = session.heardIn(phase);
        Set<Long> awaited = new HashSet<>(
                phase == session.plan().phases().get(0)
                        ? federation.roster().clients().stream()
                                .map(entry -> entry.id())
                                .toList()
                        : session.heardIn(Phase.values()[phase.ordinal() - 1]));
        awaited.removeAll(heard);
        Set<Long> lost = gone.getOrDefault(round, Set.of());
        return !lost.isEmpty()
                && awaited.stream()
                        .allMatch(id -> lost.contains(id)
                                && goneFrom.get(round * 1000 + id).compareTo(phase) <= 0);
    }

    private void close(ServerSession session) {
        Optional<Outcome> outcome = session.outcome();
        if (outcome.isPresent()) {
            Outcome sum = outcome.get();
            float[] next = new FedAvg()
                    .apply(
                            adapter.parameters(),
                            UpdateEncoder.of(session.plan())
                                    .decode(sum.sum(), sum.survivors().size()));
            adapter.setParameters(next);
            byte[] bytes = AdapterBytes.encode(adapter);
            adapters.put(Bytes.sha256(bytes), bytes);
            results.put(
                    session.id(),
                    RoundResult.sign(session.id(), Bytes.sha256(bytes), sum.survivors(), federation.coordinator()));
            finishedRounds++;
        }
        open = null;
        plan = null;
        if (finishedRounds < task.rounds()) {
            openRound();
        }
    }

    private final class MemoryTransport implements CoordinatorTransport {
        private final long client;

        MemoryTransport(long client) {
            this.client = client;
        }

        @Override
        public TaskSpec task(String name) {
            return task;
        }

        @Override
        public Optional<SignedPlan> awaitPlan(String name, long afterRound, Duration wait)
                throws IOException, InterruptedException {
            synchronized (MemoryCoordinator.this) {
                if (open != null && round <= afterRound) {
                    MemoryCoordinator.this.wait(Math.min(50, Math.max(1, wait.toMillis())));
                }
                if (open == null) {
                    throw new TaskFinishedException("done", Bytes.sha256(AdapterBytes.encode(adapter)));
                }
                return round > afterRound ? Optional.ofNullable(plan) : Optional.empty();
            }
        }

        @Override
        public byte[] adapter(Bytes hash) throws IOException {
            byte[] bytes = adapterBytes(hash);
            if (bytes == null) {
                throw new CoordinatorException(404, "unknown-adapter", hash.hex());
            }
            return bytes.clone();
        }

        @Override
        public void send(SessionId session, Phase phase, byte[] message) throws IOException {
            synchronized (MemoryCoordinator.this) {
                ServerSession to = session(session);
                refusing(() -> to.receive(WireFormat.decodeClient(message)));
                advance();
            }
        }

        @Override
        public void sendMasked(SessionId session, MaskedVector vector) throws IOException {
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            vector.writeTo(body);
            synchronized (MemoryCoordinator.this) {
                ServerSession to = session(session);
                refusing(() -> {
                    MaskedIntake intake = to.masked(client);
                    intake.add(ByteBuffer.wrap(body.toByteArray()));
                    intake.commit();
                });
                advance();
            }
        }

        private void refusing(Runnable action) throws IOException {
            try {
                action.run();
            } catch (ProtocolException e) {
                if (e.reason() == ProtocolException.Reason.WRONG_PHASE) {
                    throw new RoundEndedException(409, "wrong-phase", String.valueOf(e.getMessage()));
                }
                throw new CoordinatorException(422, "message-refused", String.valueOf(e.getMessage()));
            }
        }

        private ServerSession session(SessionId id) throws IOException {
            ServerSession session = sessions.get(id);
            if (session == null) {
                throw new RoundEndedException(404, "unknown-round", id.hex());
            }
            return session;
        }

        @Override
        public Optional<ServerMessage> await(SessionId id, Phase phase, Duration wait)
                throws IOException, InterruptedException {
            synchronized (MemoryCoordinator.this) {
                Optional<ServerMessage> now = answer(id, phase);
                if (now.isEmpty()) {
                    MemoryCoordinator.this.wait(Math.min(50, Math.max(1, wait.toMillis())));
                    now = answer(id, phase);
                }
                return now;
            }
        }

        private Optional<ServerMessage> answer(SessionId id, Phase phase) throws IOException {
            ServerSession session = session(id);
            List<Phase> phases = session.plan().phases();
            if (phase == phases.get(phases.size() - 1) && results.containsKey(id)) {
                return Optional.of(results.get(id));
            }
            try {
                // through its bytes, as over a network
                return session.answer(phase, client).map(WireFormat::encode).map(WireFormat::decodeServer);
            } catch (ProtocolException e) {
                throw new RoundEndedException(403, "not-in-cohort", String.valueOf(e.getMessage()));
            }
        }
    }
}
