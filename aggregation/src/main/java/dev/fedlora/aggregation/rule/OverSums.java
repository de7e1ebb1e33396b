package dev.fedlora.aggregation.rule;

import dev.fedlora.aggregation.encoding.WeightedSum;

/** A rule that needs the weighted sum only, so it works under secure aggregation. */
public non-sealed interface OverSums extends AggregationRule {
    /**
     * Returns the next parameters.
     *
     * @param current parameters that the round started from; not changed
     * @param sum of the round, of the same length
     * @throws IllegalArgumentException when the lengths differ or a result is not finite
     */
    float[] apply(float[] current, WeightedSum sum);
}
