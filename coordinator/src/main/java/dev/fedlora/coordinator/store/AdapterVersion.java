package dev.fedlora.coordinator.store;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.fedlora.aggregation.wire.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * One link of a task's lineage: which round made which adapter out of which.
 *
 * @param task name
 * @param round that made it; 0 for the adapter the task began with
 * @param hash SHA-256 of its bytes
 * @param parent hash of the adapter that the round began with, null for round 0
 * @param plan session id of the round, which is the hash of its plan, null for round 0
 * @param cohort clients that were invited
 * @param survivors clients whose updates are in it
 * @param epsilon spent by the task up to and including this round, null without a guarantee
 * @param delta of the guarantee, null without one
 * @param created milliseconds since the epoch
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record AdapterVersion(
        String task,
        long round,
        Bytes hash,
        @Nullable Bytes parent,
        @Nullable Bytes plan,
        int cohort,
        int survivors,
        @Nullable Double epsilon,
        @Nullable Double delta,
        long created) {}
