package dev.fedlora.coordinator.round;

import dev.fedlora.aggregation.secagg.Outcome;
import dev.fedlora.aggregation.secagg.RoundPlans;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.RoundAborted;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.RoundResult;
import dev.fedlora.aggregation.wire.SignedPlan;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.aggregation.wire.WireFormat;
import dev.fedlora.coordinator.store.AdapterVersion;
import dev.fedlora.coordinator.store.ClosedRound;
import dev.fedlora.coordinator.store.RoundState;
import dev.fedlora.coordinator.store.StoreException;
import dev.fedlora.coordinator.store.StoredRound;
import dev.fedlora.coordinator.store.StoredTask;
import dev.fedlora.coordinator.store.TaskState;
import dev.fedlora.lora.safetensors.AdapterBytes;
import dev.fedlora.privacy.ledger.BudgetExceededException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes one task from round to round until it ends: opens a round when its cost is paid, stores what it made, counts
 * aborts. Thread-safe.
 */
final class TaskRunner implements OpenRound.Ending {
    private static final Logger LOG = LoggerFactory.getLogger(TaskRunner.class);
    /** One abort may be a bad moment and two a bad network; after three in a row somebody has to look. */
    private static final int MAX_ABORTS_IN_A_ROW = 3;

    private final TaskSpec spec;
    private final TaskParts parts;
    private final TaskBudget budget;

    private TaskState state;
    private @Nullable String detail;
    private Bytes adapter;
    private @Nullable OpenRound open;
    private final Waiters<Long, SignedPlan> waiters = new Waiters<>();
    private int abortsInARow;
    private boolean isStarted;
    private boolean isStopped;
    private boolean isHalted;

    TaskRunner(StoredTask task, TaskParts parts, TaskBudget budget) {
        this.spec = task.spec();
        this.parts = parts;
        this.budget = budget;
        this.state = task.state();
        this.detail = task.detail();
        this.adapter = task.adapter();
    }

    TaskSpec spec() {
        return spec;
    }

    /** Starts a task that was created, or goes on with one that was running when the former process ended. */
    void start() {
        synchronized (this) {
            if (state.isFinal()) {
                throw ended();
            }
            if (isStarted) {
                return; // also between two rounds, and while the first is being opened
            }
            if (state == TaskState.CREATED) {
                parts.store().tasks().changeState(spec.task(), TaskState.RUNNING, null, parts.now());
                state = TaskState.RUNNING;
            }
            isStarted = true;
        }
        parts.scheduler().execute(this::openNext);
    }

    synchronized boolean isHalted() {
        return isHalted;
    }

    private synchronized boolean isStopped() {
        return isStopped;
    }

    synchronized Optional<OpenRound> openRound() {
        return Optional.ofNullable(open);
    }

    TaskStatus status() {
        List<StoredRound> history = parts.store().rounds().history(spec.task());
        int finished = (int) history.stream()
                .filter(round -> round.state() == RoundState.FINISHED)
                .count();
        PrivacySpec privacy = spec.privacy();
        synchronized (this) {
            OpenRound current = open;
            return new TaskStatus(
                    spec.task(),
                    state,
                    detail,
                    current == null ? null : current.plan().round(),
                    current == null ? null : current.phase().path(),
                    adapter,
                    finished,
                    spec.rounds(),
                    budget.epsilon(),
                    privacy == null ? null : privacy.delta(),
                    history);
        }
    }

    /** Returns the round that clients can join now, when its number is greater than {@code after}. */
    synchronized Optional<SignedPlan> joinable(long after) {
        OpenRound current = open;
        if (state.isFinal()) {
            throw ended();
        }
        boolean isWanted = current != null && current.plan().round() > after && current.isJoinable();
        return isWanted && current != null ? Optional.of(current.signed()) : Optional.empty();
    }

    /**
     * Completes with the next round that can be joined and whose number is greater than {@code after}; to be cancelled by
     * whoever waits no longer.
     */
    synchronized CompletableFuture<SignedPlan> await(long after) {
        if (state.isFinal()) {
            return CompletableFuture.failedFuture(ended());
        }
        if (isStopped) {
            return CompletableFuture.failedFuture(stopping());
        }
        return joinable(after).map(CompletableFuture::completedFuture).orElseGet(() -> waiters.add(after));
    }

    /** Returns how many wait for a round or for an answer of the open one. */
    int waiting() {
        return waiters.count() + openRound().map(OpenRound::waiting).orElse(0);
    }

    private static RefusedException stopping() {
        return new RefusedException(RefusedException.Reason.STOPPING, "the coordinator is being stopped");
    }

    private RefusedException ended() {
        return new RefusedException(
                RefusedException.Reason.TASK_ENDED,
                "task %s has ended (%s)%s".formatted(spec.task(), state.label(), detail == null ? "" : ": " + detail),
                adapter);
    }

    private void openNext() {
        if (isStopped()) {
            return;
        }
        try {
            if (parts.store().rounds().finished(spec.task()) >= spec.rounds()) {
                finishTask(TaskState.FINISHED, null);
                return;
            }
            RoundPlan plan = plan();
            budget.charge(plan.round(), plan.id(), parts.now());
            SignedPlan signed = SignedPlan.sign(plan, parts.federation().identity());
            parts.store()
                    .rounds()
                    .open(
                            spec.task(),
                            plan.round(),
                            plan.id(),
                            WireFormat.encode(signed),
                            budget.epsilon(),
                            parts.now());
            begin(new OpenRound(signed, parts.federation().roster(), parts.scheduler(), this));
        } catch (BudgetExceededException e) {
            finishTask(TaskState.BUDGET_EXHAUSTED, e.getMessage());
        } catch (IOException | RuntimeException e) {
            halt("the next round could not be opened", e);
        }
    }

    private RoundPlan plan() {
        byte[] bytes = adapterBytes();
        int parameters = AdapterBytes.decode(bytes).parameterCount();
        // a crash between charge and opening leaves a number that is charged and nowhere else
        long number = Math.max(parts.store().rounds().nextNumber(spec.task()), budget.nextRound());
        RoundPlans.Start start = new RoundPlans.Start(number, Bytes.sha256(bytes), parameters);
        return RoundPlans.plan(spec, parts.federation().roster(), start, parts.random());
    }

    private byte[] adapterBytes() {
        Bytes newest;
        synchronized (this) {
            newest = adapter;
        }
        return parts.store()
                .adapters()
                .find(newest)
                .orElseThrow(() -> new IllegalStateException("adapter " + newest + " is not in the store"));
    }

    private void begin(OpenRound round) {
        synchronized (this) {
            if (isStopped) {
                return; // the next process finds the round open and aborts it
            }
            open = round;
            round.begin();
        }
        parts.listeners()
                .tell(new RoundEvent.Opened(
                        spec.task(),
                        round.plan().round(),
                        round.id(),
                        round.plan().clients(),
                        budget.epsilon()));
        waiters.forEach((after, plan) -> {
            if (round.plan().round() > after) {
                plan.complete(round.signed());
            }
        });
    }

    @Override
    public void phaseClosed(OpenRound round, Phase phase, Duration time) {
        parts.listeners()
                .tell(new RoundEvent.PhaseClosed(spec.task(), round.plan().round(), phase, time));
    }

    @Override
    public void learned(OpenRound round, Outcome outcome) {
        long began = parts.scheduler().nanoTime();
        try {
            if (!outcome.blamed().isEmpty()) {
                LOG.warn(
                        "round {} of task {}: clients {} revealed wrong shares",
                        round.plan().round(),
                        spec.task(),
                        outcome.blamed());
            }
            AdapterStep.Step step = AdapterStep.apply(
                    round.plan(), spec.aggregation().weighting(), outcome, AdapterBytes.decode(adapterBytes()));
            finish(round, outcome, step, began);
        } catch (ProtocolException e) {
            aborted(round, new RoundAborted(round.id(), RoundAborted.Reason.IMPLAUSIBLE_SUM, shortened(e)));
        } catch (RuntimeException e) {
            fail(round, e);
        }
    }

    private void finish(OpenRound round, Outcome outcome, AdapterStep.Step step, long began) {
        byte[] bytes = AdapterBytes.encode(step.adapter());
        Bytes hash = Bytes.sha256(bytes);
        RoundResult result = RoundResult.sign(
                round.id(), hash, outcome.survivors(), parts.federation().identity());
        ClosedRound closed = round.closed(parts.now());
        parts.store()
                .rounds()
                .finish(
                        closed,
                        version(round, hash, outcome.survivors().size()),
                        bytes,
                        Bytes.of(WireFormat.encode(result)));
        synchronized (this) {
            adapter = hash;
            open = null;
            abortsInARow = 0;
        }
        round.end(result);
        parts.listeners()
                .tell(new RoundEvent.Finished(
                        spec.task(),
                        round.plan().round(),
                        outcome.survivors(),
                        closed.phases(),
                        Duration.ofNanos(parts.scheduler().nanoTime() - began),
                        closed.traffic(),
                        step.norm(),
                        budget.epsilon(),
                        hash));
        parts.scheduler().execute(this::openNext);
    }

    private AdapterVersion version(OpenRound round, Bytes hash, int survivors) {
        return new AdapterVersion(
                spec.task(),
                round.plan().round(),
                hash,
                round.plan().adapterHash(),
                round.id().value(),
                round.plan().clients(),
                survivors,
                budget.epsilon(),
                spec.privacy() == null ? null : spec.privacy().delta(),
                parts.now().toEpochMilli());
    }

    @Override
    public void aborted(OpenRound round, RoundAborted abortion) {
        try {
            parts.store().rounds().abort(round.closed(parts.now()), abortion.reason(), abortion.detail());
        } catch (RuntimeException e) {
            fail(round, e);
            return;
        }
        int inARow;
        synchronized (this) {
            open = null;
            inARow = ++abortsInARow;
        }
        round.end(abortion);
        parts.listeners()
                .tell(new RoundEvent.Aborted(spec.task(), round.plan().round(), abortion.reason(), abortion.detail()));
        if (inARow >= MAX_ABORTS_IN_A_ROW) {
            parts.scheduler().execute(() -> giveUp(inARow, round.plan().round(), abortion));
        } else {
            parts.scheduler().execute(this::openNext);
        }
    }

    private void giveUp(int inARow, long number, RoundAborted last) {
        try {
            finishTask(
                    TaskState.FAILED,
                    "%d rounds in a row were aborted, the last (round %d) because: %s"
                            .formatted(inARow, number, last.detail()));
        } catch (RuntimeException e) {
            halt("the task's end could not be stored", e);
        }
    }

    private void finishTask(TaskState end, @Nullable String why) {
        RefusedException refusal;
        Bytes last;
        synchronized (this) {
            if (isStopped) {
                return;
            }
            parts.store().tasks().changeState(spec.task(), end, why, parts.now());
            state = end;
            detail = why;
            refusal = ended();
            last = adapter;
        }
        parts.listeners().tell(new RoundEvent.Ended(spec.task(), end, why, last));
        waiters.forEach((after, plan) -> plan.completeExceptionally(refusal));
    }

    /** The coordinator itself failed: the round is over, the task waits for a restart, its clients are told. */
    private void fail(OpenRound round, RuntimeException cause) {
        halt("round " + round.plan().round() + " could not be stored", cause);
        synchronized (this) {
            open = null;
        }
        round.end(new RoundAborted(
                round.id(), RoundAborted.Reason.FAILED, "the coordinator failed; its log has the details"));
    }

    private void halt(String what, Exception cause) {
        synchronized (this) {
            if (isStopped) {
                return;
            }
            isHalted = true;
            detail = "held up until the coordinator is restarted: %s%s; its log has the details"
                    .formatted(
                            what,
                            cause instanceof StoreException store
                                    ? " (" + store.reason().label() + ")"
                                    : "");
        }
        LOG.error("task {} is held up: {}: {}", spec.task(), what, cause.getMessage(), cause);
    }

    private static String shortened(ProtocolException e) {
        String message = String.valueOf(e.getMessage());
        return message.length() <= 300 ? message : message.substring(0, 300); // the wire takes 1000 bytes of UTF-8
    }

    /** Aborts the open round, tells everybody who waits, and opens no other. */
    void stop() {
        OpenRound current;
        synchronized (this) {
            isStopped = true;
            current = open;
        }
        if (current != null) {
            current.abort(RoundAborted.Reason.RESTARTED, "the coordinator is being restarted");
        }
        waiters.forEach((after, plan) -> plan.completeExceptionally(stopping()));
    }

    /** Closes the task's ledger; nothing of the task runs any more. */
    void close() {
        budget.close();
    }
}
