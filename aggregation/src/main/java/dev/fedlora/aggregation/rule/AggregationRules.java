package dev.fedlora.aggregation.rule;

import java.util.List;

/** The rules by name. A new rule is one class and one line here. */
public final class AggregationRules {
    private static final List<AggregationRule> RULES = List.of(new FedAvg());

    private AggregationRules() {}

    /**
     * Returns the rule called {@code name}.
     *
     * @throws IllegalArgumentException naming the rules there are, when there is none of that name
     */
    public static AggregationRule named(String name) {
        return RULES.stream()
                .filter(rule -> rule.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "aggregation rule must be one of " + names() + ", got '" + name + "'"));
    }

    /** Returns all names. */
    public static List<String> names() {
        return RULES.stream().map(AggregationRule::name).toList();
    }
}
