package dev.fedlora.coordinator.store;

import dev.fedlora.aggregation.wire.Phase;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/**
 * What is kept of a round that is over, however it ended.
 *
 * @param task name
 * @param number of the round
 * @param phases how long each phase was open; phases that were not reached are missing
 * @param traffic by client id
 * @param closed when it ended
 */
public record ClosedRound(
        String task, long number, Map<Phase, Duration> phases, Map<Long, Traffic> traffic, Instant closed) {
    /** Copies the maps. */
    public ClosedRound {
        phases = Map.copyOf(phases);
        traffic = Map.copyOf(traffic);
    }
}
