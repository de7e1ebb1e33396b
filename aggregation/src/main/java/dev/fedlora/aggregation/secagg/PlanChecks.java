package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.encoding.UpdateEncoder;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.ProtocolException.Reason;
import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.SignedPlan;
import dev.fedlora.aggregation.wire.TaskSpec;
import java.util.ArrayList;
import java.util.List;

/** What a client checks before it takes part in a round. Stateless. */
public final class PlanChecks {
    private PlanChecks() {}

    /**
     * What a client knows for itself.
     *
     * @param coordinatorKey the coordinator's pinned Ed25519 public key
     * @param roster the pinned roster
     * @param task the task it agreed to
     * @param lastRound the greatest round number of this task that it ever took part in, persisted; 0 for none
     * @param policy what it insists on
     */
    public record Known(Bytes coordinatorKey, Roster roster, TaskSpec task, long lastRound, ClientPolicy policy) {}

    /**
     * Returns the plan as one that a {@link ClientSession} accepts.
     *
     * @throws ProtocolException {@link Reason#BAD_SIGNATURE} when the coordinator did not sign it,
     *     {@link Reason#PLAN_REFUSED} naming everything that does not fit task, roster or policy
     */
    public static CheckedPlan check(SignedPlan signed, Known known) {
        if (!signed.isSignedBy(known.coordinatorKey())) {
            throw new ProtocolException(
                    Reason.BAD_SIGNATURE,
                    "round plan %d of task '%s' is not signed by the pinned coordinator key"
                            .formatted(signed.plan().round(), signed.plan().task()));
        }
        List<String> problems = new ArrayList<>();
        addTaskProblems(problems, signed.plan(), known);
        addPolicyProblems(problems, signed.plan(), known);
        if (!problems.isEmpty()) {
            throw new ProtocolException(
                    Reason.PLAN_REFUSED,
                    "round plan %d of task '%s': %s"
                            .formatted(signed.plan().round(), signed.plan().task(), String.join("; ", problems)));
        }
        return new CheckedPlan(signed.plan(), known.roster());
    }

    private static void addTaskProblems(List<String> problems, RoundPlan plan, Known known) {
        TaskSpec task = known.task();
        same(problems, "federation", task.federation(), plan.federation());
        same(problems, "task", task.task(), plan.task());
        same(problems, "taskHash", task.hash(), plan.taskHash());
        same(problems, "rosterHash", known.roster().hash(), plan.rosterHash());
        same(problems, "protocol", task.aggregation().protocol(), plan.protocol());
        same(problems, "minimumSurvivors", task.aggregation().minimumSurvivors(), plan.minimumSurvivors());
        same(problems, "corruptClients", task.aggregation().corruptClients(), plan.corruptClients());
        same(problems, "clippingBound", task.aggregation().clippingBound(), plan.clippingBound());
        same(problems, "deadlines", task.aggregation().deadlines(), plan.deadlines());
        double scale = UpdateEncoder.largestScale(plan.clients(), plan.clippingBound());
        same(problems, "scale", scale, plan.scale());
    }

    private static void addPolicyProblems(List<String> problems, RoundPlan plan, Known known) {
        ClientPolicy policy = known.policy();
        // no upper bound: a round that is aborted takes its number with it, so numbers run past the task's rounds
        if (plan.round() <= known.lastRound()) {
            problems.add("round must be greater than %d, the last one seen, got %d"
                    .formatted(known.lastRound(), plan.round()));
        }
        if (plan.clients() > known.roster().size()) {
            problems.add("clients must be at most the roster's %d, got %d"
                    .formatted(known.roster().size(), plan.clients()));
        }
        atLeast(problems, "clients", policy.minimumClients(), plan.clients());
        atLeast(problems, "minimumSurvivors", policy.minimumSurvivors(), plan.minimumSurvivors());
        if (policy.requiredProtocol() == Protocol.SECAGG && plan.protocol() != Protocol.SECAGG) {
            problems.add("protocol must be SECAGG by this client's policy, got " + plan.protocol());
        }
        boolean isMasked = plan.protocol() == Protocol.SECAGG;
        // of a sum of one honest client, those who work with the coordinator subtract their own and see its update
        if (isMasked && plan.requiredClients() - policy.corruptClients() < 2) {
            problems.add("a sum must hold at least 2 honest clients beside %d by this client's policy, got sums of %d"
                    .formatted(policy.corruptClients(), plan.requiredClients()));
        }
        boolean holds = 2L * plan.threshold() > (long) plan.clients() + policy.corruptClients();
        if (isMasked && !holds) {
            problems.add("threshold t must satisfy 2t > n + %d by this client's policy, got t=%d, n=%d"
                    .formatted(policy.corruptClients(), plan.threshold(), plan.clients()));
        }
    }

    private static void same(List<String> problems, String field, Object expected, Object got) {
        if (!expected.equals(got)) {
            problems.add(field + " must be " + expected + ", got " + got);
        }
    }

    private static void atLeast(List<String> problems, String field, int least, int got) {
        if (got < least) {
            problems.add(field + " must be at least " + least + " by this client's policy, got " + got);
        }
    }
}
