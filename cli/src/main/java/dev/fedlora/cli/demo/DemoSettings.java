package dev.fedlora.cli.demo;

import dev.fedlora.privacy.accounting.Budget;
import org.jspecify.annotations.Nullable;

/**
 * What the user asked for.
 *
 * @param rounds at least 1
 * @param secureAggregation whether updates are masked
 * @param budget of differential privacy for all rounds together, or null for none
 * @param drop clients that vanish in every round
 * @param seed of the first adapter, the order of the examples and the made-up notes
 */
record DemoSettings(
        int rounds, boolean secureAggregation, @Nullable Budget budget, int drop, long seed) {
    /** @throws IllegalArgumentException when a number is out of its range, or settings do not go together */
    DemoSettings {
        if (rounds < 1) {
            throw new IllegalArgumentException("--rounds must be at least 1, got " + rounds);
        }
        if (drop < 0) {
            throw new IllegalArgumentException("--drop must be at least 0, got " + drop);
        }
        if (drop > 0 && !secureAggregation) {
            throw new IllegalArgumentException(
                    "--drop lets clients vanish after their masks are agreed, and --no-secure-aggregation leaves no masks");
        }
    }
}
