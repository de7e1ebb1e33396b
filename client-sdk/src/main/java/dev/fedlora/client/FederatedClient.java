package dev.fedlora.client;

import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.SignedPlan;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.client.policy.RefusedException;
import dev.fedlora.client.state.ClientState;
import dev.fedlora.client.transport.CoordinatorException;
import dev.fedlora.client.transport.TaskFinishedException;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client of a federation: fetches a task, trains in its rounds on data that stays here, sends masked updates, and ends
 * with the task's final adapter.
 *
 * <pre>{@code
 * try (FederatedClient client = FederatedClient.builder()
 *         .transport(transport)
 *         .identity(id, keys)
 *         .pinned(coordinatorKey, roster)
 *         .trainer(trainers)
 *         .policy(policy)
 *         .stateDirectory(directory)
 *         .build()) {
 *     TaskReport report = client.run("triage");
 * }
 * }</pre>
 *
 * <p>What is checked, in this order, before anything is sent: the task against the policy; the plan's signature by the pinned
 * key; the plan against task, roster, policy and the last round seen; the budget; the adapter's hash. A violation is a
 * {@link RefusedException}, and the ledger is as it was. Before the masked vector is sent, the ledger is charged and on the
 * disk; from then on the round counts as spent, whatever becomes of it.
 *
 * <p>A round that is aborted, lost for want of a network, or broken off because the coordinator broke the protocol, ends
 * with its {@link RoundReport}, and the next plan is waited for. Interrupting the thread ends a run at once, with every key
 * of the round wiped.
 *
 * <p>Not thread-safe: one thread runs it. Holds its state directory until closed; transport and identity stay the caller's.
 */
public final class FederatedClient implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FederatedClient.class);
    private static final Duration PLAN_WAIT = Duration.ofSeconds(30);

    // between rounds a coordinator may be rebooted or a line be down for hours; a run does not give up on it
    private static final Duration PATIENCE = Duration.ofHours(12);

    private final ClientSettings settings;
    private final Surroundings around;
    private final ClientState state;
    private @Nullable JoinedTask joined;

    FederatedClient(ClientSettings settings, Surroundings around, ClientState state) {
        this.settings = settings;
        this.around = around;
        this.state = state;
    }

    /** Returns a builder without values. */
    public static FederatedClientBuilder builder() {
        return new FederatedClientBuilder();
    }

    /**
     * Takes part in a task until it is finished.
     *
     * @return the rounds seen and the final adapter, whose hash was checked
     * @throws RefusedException when policy, pins or ledger forbid to go on
     * @throws CoordinatorException when the coordinator refuses this client
     * @throws IOException when the coordinator stays away, or the state directory cannot be written
     * @throws InterruptedException when the thread is interrupted
     */
    public TaskReport run(String task) throws IOException, InterruptedException, RefusedException {
        List<RoundReport> rounds = new ArrayList<>();
        try {
            while (true) {
                nextRound(task).ifPresent(rounds::add);
            }
        } catch (TaskFinishedException finished) {
            return finish(task, rounds, finished.adapterHash());
        }
    }

    /**
     * Waits for the next round of a task and takes part in it.
     *
     * @throws TaskFinishedException when there is none to come
     * @throws RefusedException when policy, pins or ledger forbid to take part
     * @throws CoordinatorException when the coordinator refuses this client
     * @throws IOException when the coordinator stays away, or the state directory cannot be written
     * @throws InterruptedException when the thread is interrupted
     */
    public RoundReport runRound(String task) throws IOException, InterruptedException, RefusedException {
        while (true) {
            Optional<RoundReport> report = nextRound(task);
            if (report.isPresent()) {
                return report.get();
            }
        }
    }

    private Optional<RoundReport> nextRound(String task) throws IOException, InterruptedException, RefusedException {
        JoinedTask current = join(task);
        Instant asked = around.time().now();
        Optional<SignedPlan> plan = around.retry()
                .until(
                        asked.plus(PATIENCE),
                        "waiting for the next round",
                        () -> around.transport().awaitPlan(task, current.lastPlan(), PLAN_WAIT));
        if (plan.isEmpty()) {
            if (Duration.between(asked, around.time().now()).toMillis() < 200) {
                around.time().pause(Duration.ofMillis(200)); // never a busy loop, whatever the coordinator answers
            }
            return Optional.empty();
        }
        RoundReport report = takePart(current, plan.get());
        LOG.info("round {} of task {}: {} {}", report.round(), task, report.outcome(), report.detail());
        around.listener().roundEnded(report);
        return Optional.of(report);
    }

    private RoundReport takePart(JoinedTask task, SignedPlan plan)
            throws IOException, InterruptedException, RefusedException {
        boolean isWhole = false;
        try {
            RoundReport report = new ClientRound(settings, around, state, task).takePart(plan);
            isWhole = true;
            return report;
        } catch (RefusedException e) {
            throw refused(e);
        } catch (ClosedByInterruptException e) {
            throw (InterruptedException) new InterruptedException("interrupted while writing").initCause(e);
        } finally {
            if (!isWhole) {
                leave(); // a failed write or an interrupt closes the ledger's file: it is opened anew
            }
        }
    }

    private JoinedTask join(String task) throws IOException, InterruptedException, RefusedException {
        if (joined != null && joined.spec().task().equals(task)) {
            return joined;
        }
        TaskSpec spec = around.retry()
                .until(
                        around.time().now().plus(PATIENCE),
                        "asking for the task",
                        () -> around.transport().task(task));
        List<String> objections = new ArrayList<>(spec.problems());
        if (objections.isEmpty()) {
            if (!spec.task().equals(task)) {
                objections.add("the coordinator sent the task " + spec.task() + " instead");
            }
            objections.addAll(settings.policy().objections(spec));
        }
        if (!objections.isEmpty()) {
            throw refused(new RefusedException("task " + task, objections));
        }
        leave();
        PrivacyGuard guard = PrivacyGuard.open(spec, settings.policy(), settings.stateDirectory(), around.time());
        joined = new JoinedTask(spec, guard, settings.bits(), state.lastRound(spec.federation(), task));
        around.listener().taskJoined(spec);
        return joined;
    }

    private TaskReport finish(String task, List<RoundReport> rounds, Bytes hash)
            throws IOException, InterruptedException, RefusedException {
        JoinedTask finished = join(task);
        byte[] bytes = around.retry()
                .until(
                        around.time().now().plus(PATIENCE),
                        "fetching the final adapter",
                        () -> around.transport().adapter(hash));
        if (!Bytes.sha256(bytes).equals(hash)) {
            throw refused(new RefusedException(
                    "the final adapter of task " + task,
                    List.of("its SHA-256 must be %s, got %s".formatted(hash, Bytes.sha256(bytes)))));
        }
        try {
            return new TaskReport(task, rounds, hash, finished.adapter(bytes));
        } catch (IllegalArgumentException e) {
            throw refused(new RefusedException("the final adapter of task " + task, e));
        }
    }

    private RefusedException refused(RefusedException refusal) {
        LOG.warn("{}", refusal.getMessage());
        around.listener().refused(refusal.reasons());
        return refusal;
    }

    private void leave() throws IOException {
        if (joined != null) {
            joined.guard().close();
            joined = null;
        }
    }

    /** Gives the state directory free. */
    @Override
    public void close() throws IOException {
        try {
            leave();
        } finally {
            state.close();
        }
    }
}
