package dev.fedlora.coordinator.round;

import dev.fedlora.aggregation.encoding.UpdateEncoder;
import dev.fedlora.aggregation.encoding.WeightedSum;
import dev.fedlora.aggregation.rule.FedAvg;
import dev.fedlora.aggregation.rule.OverSums;
import dev.fedlora.aggregation.secagg.Outcome;
import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.Weighting;
import dev.fedlora.lora.LoraAdapter;

/** From the sum of a round to the next adapter. Stateless. */
final class AdapterStep {
    /**
     * Conditional rounding lets a vector grow past its clipping bound by less than 0.2 % when bound times scale is at
     * least 8 √d, which the scales used here exceed by far; 1 % leaves room and still catches a client that did not clip.
     */
    private static final double NORM_SLACK = 1.01;

    private static final OverSums RULE = new FedAvg();

    private AdapterStep() {}

    /**
     * The next adapter.
     *
     * @param adapter the next one
     * @param norm L2 norm of the step that was made
     */
    record Step(LoraAdapter adapter, double norm) {}

    /**
     * Decodes the sum, checks that clipped updates can add up to it, and applies it.
     *
     * @param weighting of the task
     * @param current what the round started from; not changed
     * @throws ProtocolException with {@link ProtocolException.Reason#IMPLAUSIBLE_SUM} when no honest clients can have made
     *     the sum or the next adapter is not finite
     */
    static Step apply(RoundPlan plan, Weighting weighting, Outcome outcome, LoraAdapter current) {
        int survivors = outcome.survivors().size();
        WeightedSum sum = UpdateEncoder.of(plan).decode(outcome.sum(), survivors);
        if (weighting == Weighting.UNIFORM && sum.weight() != survivors) {
            throw implausible("round %d: %d updates of weight 1 cannot have the weight %s together"
                    .formatted(plan.round(), survivors, sum.weight()));
        }
        // by the weight, not by the number of updates: a client that takes weight away would make the others' steps
        // longer;
        // rounding moves a coordinate by less than a ring unit, and a weight by half of one
        double rounding = survivors * (Math.sqrt(plan.dimension()) + 1) / plan.scale();
        double allowed = sum.weight() * plan.clippingBound() * NORM_SLACK + rounding;
        double norm = norm(sum.sum());
        if (!(norm <= allowed)) {
            throw implausible("round %d: %d updates clipped to %s, of weight %s, have norm %s, possible is at most %s"
                    .formatted(plan.round(), survivors, plan.clippingBound(), sum.weight(), norm, allowed));
        }
        try {
            LoraAdapter next = current.copy();
            next.setParameters(RULE.apply(current.parameters(), sum));
            return new Step(next, norm / sum.weight());
        } catch (IllegalArgumentException e) {
            throw implausible("round %d: %s".formatted(plan.round(), e.getMessage()));
        }
    }

    private static ProtocolException implausible(String message) {
        return new ProtocolException(ProtocolException.Reason.IMPLAUSIBLE_SUM, message);
    }

    private static double norm(double[] values) {
        double squares = 0;
        for (double value : values) {
            squares += value * value;
        }
        return Math.sqrt(squares);
    }
}
