package dev.fedlora.aggregation.rule;

/** How a round's updates become the next adapter; which of the two kinds says what a rule must see. */
public sealed interface AggregationRule permits OverSums, OverUpdates {
    /** Returns the name in tasks and experiments, such as {@code fedavg}. */
    String name();
}
