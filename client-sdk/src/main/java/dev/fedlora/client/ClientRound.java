package dev.fedlora.client;

import dev.fedlora.aggregation.secagg.CheckedPlan;
import dev.fedlora.aggregation.secagg.PlanChecks;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.RoundResult;
import dev.fedlora.aggregation.wire.SignedPlan;
import dev.fedlora.client.RoundReport.Outcome;
import dev.fedlora.client.policy.RefusedException;
import dev.fedlora.client.state.ClientState;
import dev.fedlora.client.training.RoundBits;
import dev.fedlora.client.training.TrainedUpdate;
import dev.fedlora.client.transport.CoordinatorException;
import dev.fedlora.client.transport.RoundEndedException;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.train.DivergedException;
import java.io.IOException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One round of one client, from a plan that nobody has checked yet to the report. Used by one thread. */
final class ClientRound {
    private static final TrainedUpdate NOTHING = new TrainedUpdate(new float[0], 0, Double.NaN);

    private final ClientSettings settings;
    private final Surroundings around;
    private final ClientState state;
    private final JoinedTask task;

    ClientRound(ClientSettings settings, Surroundings around, ClientState state, JoinedTask task) {
        this.settings = settings;
        this.around = around;
        this.state = state;
        this.task = task;
    }

    /**
     * Checks the plan, trains, and sends what may be sent.
     *
     * @throws RefusedException when policy, pins or ledger forbid to take part
     * @throws CoordinatorException when the coordinator refuses this client, and would again
     * @throws IOException when the data, the model or the state directory fail
     */
    RoundReport takePart(SignedPlan signed) throws IOException, InterruptedException, RefusedException {
        Instant started = around.time().now();
        CheckedPlan plan = check(signed);
        task.dealtWith(plan.plan());
        around.listener().roundJoined(plan.plan());
        Participation participation = new Participation(around, plan, started);
        LoraAdapter received;
        try {
            received = fetch(plan, participation.deadline(plan.plan().phases().get(0)));
        } catch (RoundEndedException e) {
            return report(plan.plan(), Outcome.ABORTED, e.detail(), NOTHING);
        } catch (IOException e) {
            return lost(plan.plan(), e, NOTHING);
        }
        return trainAndSend(plan, received, participation);
    }

    private CheckedPlan check(SignedPlan signed) throws RefusedException {
        CheckedPlan checked;
        try {
            checked = PlanChecks.check(
                    signed,
                    new PlanChecks.Known(
                            around.coordinatorKey(),
                            settings.roster(),
                            task.spec(),
                            task.lastPlan(),
                            settings.policy().forRounds()));
        } catch (ProtocolException e) {
            throw new RefusedException(what(signed.plan()), e);
        }
        Optional<String> objection = task.guard().objection();
        if (objection.isPresent()) {
            throw new RefusedException(what(signed.plan()), List.of(objection.get()));
        }
        return checked;
    }

    private LoraAdapter fetch(CheckedPlan plan, Instant deadline)
            throws IOException, InterruptedException, RefusedException {
        Bytes hash = plan.plan().adapterHash();
        byte[] bytes = around.retry()
                .until(
                        deadline,
                        "fetching the adapter",
                        () -> around.transport().adapter(hash));
        try {
            LoraAdapter adapter = task.adapter(plan.requireAdapter(bytes));
            if (adapter.parameterCount() + 1 != plan.plan().dimension()) {
                throw new IllegalArgumentException(
                        "the plan's dimension must be %d, one more than the adapter's parameters, got %d"
                                .formatted(
                                        adapter.parameterCount() + 1,
                                        plan.plan().dimension()));
            }
            return adapter;
        } catch (ProtocolException | IllegalArgumentException e) {
            throw new RefusedException(what(plan.plan()), e);
        }
    }

    private RoundReport trainAndSend(CheckedPlan plan, LoraAdapter received, Participation participation)
            throws IOException, InterruptedException, RefusedException {
        RoundPlan terms = plan.plan();
        float[] before = received.parameters();
        TrainedUpdate trained;
        try {
            trained = task.training(settings.trainers(), received).train(terms.round(), before);
        } catch (DivergedException e) {
            return report(terms, Outcome.UNUSABLE, e.getMessage(), NOTHING);
        }
        around.listener().trained(terms.round(), trained.examples(), trained.meanLoss());
        int[] ringVector;
        try {
            UpdateProtector protector = new UpdateProtector(
                    terms, task.spec().aggregation(), settings.bits().of(terms.round(), RoundBits.Use.ROUNDING));
            ringVector = protector.protect(before, trained.parameters(), trained.examples());
        } catch (IllegalArgumentException e) {
            return report(terms, Outcome.UNUSABLE, e.getMessage(), trained);
        }
        state.enterRound(terms.federation(), terms.task(), terms.round());
        try {
            return exchange(plan, participation, trained, ringVector);
        } finally {
            Arrays.fill(ringVector, 0); // unmasked, it is the update itself
        }
    }

    private RoundReport exchange(CheckedPlan plan, Participation participation, TrainedUpdate trained, int[] ringVector)
            throws IOException, InterruptedException, RefusedException {
        RoundPlan terms = plan.plan();
        try {
            RoundResult result =
                    participation.exchange(ringVector, () -> task.guard().charge(terms));
            return finished(terms, result, trained);
        } catch (Participation.NotReleasedException e) {
            if (e.getCause() instanceof IOException written) {
                throw written;
            }
            throw new RefusedException(what(terms), e);
        } catch (RoundEndedException e) {
            return report(terms, Outcome.ABORTED, e.detail(), trained);
        } catch (ProtocolException e) {
            return report(terms, Outcome.BROKEN_OFF, e.reason() + ": " + e.getMessage(), trained);
        } catch (IOException e) {
            return lost(terms, e, trained);
        }
    }

    /** A failure that may pass costs the round; a refusal that will stay is the caller's to know. */
    private RoundReport lost(RoundPlan plan, IOException failure, TrainedUpdate trained) throws CoordinatorException {
        if (failure instanceof CoordinatorException refusal && !refusal.isTransient()) {
            throw refusal;
        }
        return report(plan, Outcome.LOST, failure.getMessage(), trained);
    }

    private RoundReport finished(RoundPlan plan, RoundResult result, TrainedUpdate trained) {
        return new RoundReport(
                plan.round(),
                Outcome.FINISHED,
                "",
                result.survivors(),
                result.newAdapterHash(),
                trained.examples(),
                trained.meanLoss(),
                task.guard().epsilon());
    }

    private RoundReport report(RoundPlan plan, Outcome outcome, @Nullable String detail, TrainedUpdate trained) {
        return new RoundReport(
                plan.round(),
                outcome,
                detail == null ? "no detail known" : detail,
                List.of(),
                null,
                trained.examples(),
                trained.meanLoss(),
                task.guard().epsilon());
    }

    private static String what(RoundPlan plan) {
        return "round " + plan.round() + " of task " + plan.task();
    }
}
