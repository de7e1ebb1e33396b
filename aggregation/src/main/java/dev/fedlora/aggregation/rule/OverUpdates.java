package dev.fedlora.aggregation.rule;

import java.util.List;

/** A rule that must see every update, so it works only where the operator turns secure aggregation off. */
public non-sealed interface OverUpdates extends AggregationRule {
    /**
     * One client's update.
     *
     * @param client sender
     * @param update one value a parameter
     * @param weight in (0, 1]
     */
    @SuppressWarnings("ArrayRecordComponent") // as long as the model: handed on, never compared
    record WeightedUpdate(long client, float[] update, double weight) {}

    /**
     * Returns the next parameters.
     *
     * @param current parameters that the round started from; not changed
     * @param updates in ascending order of the client
     * @throws IllegalArgumentException when the lengths differ or a result is not finite
     */
    float[] apply(float[] current, List<WeightedUpdate> updates);
}
