package dev.fedlora.coordinator.round;

import dev.fedlora.aggregation.secagg.MaskedIntake;
import dev.fedlora.aggregation.secagg.RoundPlans;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.ClientMessage;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.RoundAborted;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.ServerMessage;
import dev.fedlora.aggregation.wire.SessionId;
import dev.fedlora.aggregation.wire.SignedPlan;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.aggregation.wire.WireFormat;
import dev.fedlora.coordinator.config.StartupException;
import dev.fedlora.coordinator.registry.Federation;
import dev.fedlora.coordinator.round.RefusedException.Reason;
import dev.fedlora.coordinator.store.AdapterVersion;
import dev.fedlora.coordinator.store.Store;
import dev.fedlora.coordinator.store.StoredRound;
import dev.fedlora.coordinator.store.StoredTask;
import dev.fedlora.coordinator.store.TaskState;
import dev.fedlora.lora.LoraAdapter;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The coordinator without a transport: tasks, their rounds, and what clients send and ask.
 *
 * <p>HTTP and the in-memory transport of simulations sit on it and hand it the same bytes. It believes what it is told
 * about who sent a message: checking that is the transport's work. A refused call changes nothing. Thread-safe; calls that
 * return a stage never block, the others touch the store or add to the sum.
 */
public final class RoundService implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RoundService.class);

    private final Federation federation;
    private final Store store;
    private final Path ledgers;
    private final TaskParts parts;
    private final Map<String, TaskRunner> runners = new ConcurrentHashMap<>();

    /**
     * Where the service keeps things and what it takes time and chance from.
     *
     * @param store opened by the caller, who closes it after the service
     * @param ledgers directory of the privacy ledgers, one file a task
     * @param scheduler time and threads; closed by the caller after the service
     * @param random for the nonces of plans
     */
    public record Environment(Store store, Path ledgers, Scheduler scheduler, SecureRandom random) {}

    /**
     * Takes up what a former process left: rounds that were open are aborted. {@link #resume()} lets running tasks go on.
     *
     * @param federation the clients and the coordinator's own key
     * @param environment store, ledgers, time and chance
     * @param listeners are told from the start
     * @throws StartupException when a ledger cannot be opened
     */
    public RoundService(Federation federation, Environment environment, RoundListener... listeners) {
        this.federation = federation;
        this.store = environment.store();
        this.ledgers = environment.ledgers();
        Listeners told = new Listeners();
        List.of(listeners).forEach(told::add);
        this.parts = new TaskParts(federation, store, environment.scheduler(), environment.random(), told);
        takeUp();
    }

    private void takeUp() {
        int aborted = store.rounds().abortLeftOpen(parts.now());
        if (aborted > 0) {
            LOG.warn("{} open rounds of a former process were aborted", aborted);
        }
        for (StoredTask task : store.tasks().list()) {
            runners.put(task.spec().task(), newRunner(task));
        }
    }

    private TaskRunner newRunner(StoredTask task) {
        try {
            return new TaskRunner(task, parts, TaskBudget.open(ledgers, task.spec()));
        } catch (IOException e) {
            throw new StartupException(
                    StartupException.Reason.STORE,
                    "privacy ledger of task %s cannot be opened: %s"
                            .formatted(task.spec().task(), e.getMessage()),
                    e);
        }
    }

    /**
     * Lets the tasks that were running when a former process ended go on with their next round. Called when clients can
     * reach the coordinator: a round that nobody can join would cost its number and its privacy charge.
     */
    public void resume() {
        for (StoredTask task : store.tasks().list()) {
            if (task.state() == TaskState.RUNNING) {
                runner(task.spec().task()).start();
            }
        }
    }

    /** Adds a listener; it hears what happens from now on. */
    public void addListener(RoundListener listener) {
        parts.listeners().add(listener);
    }

    /** Returns the clients and the coordinator's own identity. */
    public Federation federation() {
        return federation;
    }

    /**
     * Adds a task; {@link #start} starts it.
     *
     * @param initialAdapter bytes of the adapter that its first round starts from
     * @return the adapter's hash
     * @throws IllegalArgumentException when the task has mistakes, its name is taken, it does not go with the roster, or
     *     the adapter does not fit it; everything that is wrong is named and nothing is stored
     */
    public synchronized Bytes createTask(TaskSpec spec, byte[] initialAdapter) {
        spec.validate();
        if (runners.containsKey(spec.task())) {
            throw new IllegalArgumentException("task " + spec.task() + " exists already");
        }
        LoraAdapter adapter = InitialAdapter.require(spec, initialAdapter);
        Bytes hash = Bytes.sha256(initialAdapter);
        // a plan that is never signed: what it refuses, no round of this task could do
        RoundPlans.plan(
                spec, federation.roster(), new RoundPlans.Start(1, hash, adapter.parameterCount()), parts.random());
        store.createTask(spec, initialAdapter, federation.roster().size(), parts.now());
        runners.put(spec.task(), newRunner(store.tasks().find(spec.task()).orElseThrow()));
        return hash;
    }

    /**
     * Starts the rounds of a task; without effect when they run.
     *
     * @throws RefusedException when there is no such task or it has ended
     */
    public void start(String task) {
        runner(task).start();
    }

    /** Returns the tasks, sorted by name. */
    public List<TaskSpec> tasks() {
        return runners.values().stream()
                .map(TaskRunner::spec)
                .sorted(Comparator.comparing(TaskSpec::task))
                .toList();
    }

    /** Returns what a task asks for. */
    public TaskSpec task(String task) {
        return runner(task).spec();
    }

    /** Returns where a task stands. */
    public TaskStatus status(String task) {
        return runner(task).status();
    }

    /** Returns the versions of a task's adapter, oldest first. */
    public List<AdapterVersion> lineage(String task) {
        return store.adapters().lineage(runner(task).spec().task());
    }

    /** Says whether every running task can go on; false when one is held up by a failure of the store or a ledger. */
    public boolean isHealthy() {
        return runners.values().stream().noneMatch(TaskRunner::isHalted);
    }

    /**
     * Returns the round that clients can join now.
     *
     * @param afterRound greatest round number that the caller does not want
     * @throws RefusedException when there is no such task or it has ended
     */
    public Optional<SignedPlan> openPlan(String task, long afterRound) {
        return runner(task).joinable(afterRound);
    }

    /**
     * Waits for a round that clients can join; fails with {@link RefusedException} when the task ends first. Whoever
     * stops waiting cancels the stage's future, which is forgotten then.
     *
     * @throws RefusedException when there is no such task
     */
    public CompletionStage<SignedPlan> awaitPlan(String task, long afterRound) {
        return runner(task).await(afterRound);
    }

    /**
     * Takes a client's message. An identical repeat has no effect.
     *
     * @param body in {@link WireFormat}
     * @throws RefusedException when the round is unknown or over, or the message is not what the caller says it is
     * @throws dev.fedlora.aggregation.wire.ProtocolException when the protocol refuses it
     */
    public void post(SessionId sid, Phase phase, long client, byte[] body) {
        OpenRound round = openRound(sid, client);
        ClientMessage message = WireFormat.decodeClient(body);
        if (!message.session().equals(sid) || message.phase() != phase || message.client() != client) {
            throw new RefusedException(
                    Reason.MISDIRECTED,
                    "client %d sent a message of client %d for phase %s of round %s to phase %s of round %s"
                            .formatted(
                                    client,
                                    message.client(),
                                    message.phase().path(),
                                    message.session(),
                                    phase.path(),
                                    sid));
        }
        round.receive(message, body.length);
    }

    /**
     * Opens the upload of a client's masked vector, header included; it counts once it is committed.
     *
     * @throws RefusedException when the round is unknown or over
     * @throws dev.fedlora.aggregation.wire.ProtocolException when the phase is not MASKED or the client is not in it
     */
    public MaskedIntake openMasked(SessionId sid, long client) {
        return openRound(sid, client).masked(client);
    }

    /**
     * Returns the plan of an open round.
     *
     * @throws RefusedException when the round is unknown or over
     */
    public RoundPlan plan(SessionId sid, long client) {
        return openRound(sid, client).plan();
    }

    /**
     * Waits for what a phase is answered with. The answer of an aborted round is {@link RoundAborted}, whatever the phase;
     * the last phase of a finished round is answered for good, its other phases are not answered any more. Whoever stops
     * waiting cancels the stage's future, which is forgotten then.
     *
     * @throws RefusedException when the round is unknown, over, or has no such phase
     */
    public CompletionStage<ServerMessage> answer(SessionId sid, Phase phase, long client) {
        requireRostered(client);
        Optional<OpenRound> open = findOpen(sid);
        if (open.isPresent()) {
            return open.get().answer(phase, client);
        }
        return CompletableFuture.completedFuture(storedAnswer(stored(sid), sid, phase));
    }

    private ServerMessage storedAnswer(StoredRound round, SessionId sid, Phase phase) {
        if (round.reason() != null) {
            return new RoundAborted(sid, round.reason(), String.valueOf(round.detail()));
        }
        List<Phase> phases = task(round.task()).aggregation().protocol().phases();
        if (round.result() == null || phase != phases.get(phases.size() - 1)) {
            throw over(round);
        }
        return WireFormat.decodeServer(round.result().toArray());
    }

    /**
     * Returns an adapter.
     *
     * @throws RefusedException when there is no adapter with this hash
     */
    public byte[] adapter(Bytes hash) {
        return store.adapters()
                .find(hash)
                .orElseThrow(() -> new RefusedException(Reason.UNKNOWN_ADAPTER, "there is no adapter " + hash));
    }

    /** Returns an adapter and counts its bytes to the client, in each open round that starts from it. */
    public byte[] adapter(Bytes hash, long client) {
        byte[] bytes = adapter(hash);
        runners.values().stream()
                .flatMap(runner -> runner.openRound().stream())
                .filter(round -> round.plan().adapterHash().equals(hash))
                .forEach(round -> round.count(client, 0, bytes.length));
        return bytes;
    }

    /** Returns how many wait for a plan or an answer. */
    int waiting() {
        return runners.values().stream().mapToInt(TaskRunner::waiting).sum();
    }

    private TaskRunner runner(String task) {
        TaskRunner runner = runners.get(task);
        if (runner == null) {
            throw new RefusedException(Reason.UNKNOWN_TASK, "there is no task " + task);
        }
        return runner;
    }

    private Optional<OpenRound> findOpen(SessionId sid) {
        return runners.values().stream()
                .flatMap(runner -> runner.openRound().stream())
                .filter(round -> round.id().equals(sid))
                .findFirst();
    }

    private OpenRound openRound(SessionId sid, long client) {
        requireRostered(client);
        return findOpen(sid).orElseThrow(() -> over(stored(sid)));
    }

    private StoredRound stored(SessionId sid) {
        return store.rounds()
                .find(sid)
                .orElseThrow(
                        () -> new RefusedException(Reason.UNKNOWN_ROUND, "there is no round with session id " + sid));
    }

    private static RefusedException over(StoredRound round) {
        return round.reason() == null
                ? new RefusedException(
                        Reason.ROUND_OVER, "round %d of task %s is over".formatted(round.number(), round.task()))
                : new RefusedException(
                        Reason.ROUND_ABORTED,
                        "round %d of task %s was aborted: %s".formatted(round.number(), round.task(), round.detail()));
    }

    private void requireRostered(long client) {
        if (federation.roster().find(client).isEmpty()) {
            throw new RefusedException(Reason.UNKNOWN_CLIENT, "client " + client + " is not on the roster");
        }
    }

    /** Aborts open rounds and tells everybody who waits; tasks go on when a service is opened on the same store again. */
    @Override
    public void close() {
        runners.values().forEach(TaskRunner::stop);
        runners.values().forEach(TaskRunner::close);
    }
}
