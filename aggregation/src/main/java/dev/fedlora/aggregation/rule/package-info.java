/**
 * How the clients' updates become the next adapter.
 *
 * <p>Rules are sealed into {@link dev.fedlora.aggregation.rule.OverSums}, which need the weighted sum only and so work
 * under secure aggregation, and {@link dev.fedlora.aggregation.rule.OverUpdates}, which need to see every update. Look
 * first at {@link dev.fedlora.aggregation.rule.FedAvg}; {@link dev.fedlora.aggregation.rule.AggregationRules} has them by
 * name.
 */
@NullMarked
package dev.fedlora.aggregation.rule;

import org.jspecify.annotations.NullMarked;
