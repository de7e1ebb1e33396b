package dev.fedlora.coordinator.store;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.RoundAborted;
import org.jspecify.annotations.Nullable;

/**
 * A round as the store has it.
 *
 * @param task name
 * @param number of the round, never used again
 * @param sid session id in hex
 * @param state where it stands
 * @param reason why it was aborted, or null
 * @param detail one sentence on it, or null
 * @param survivors number of clients in the sum, null unless finished
 * @param epsilon spent by the task up to and including this round, null without a guarantee
 * @param opened milliseconds since the epoch
 * @param closed milliseconds since the epoch, null while open
 * @param result what clients are told at the end of a finished round, as sent, or null
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record StoredRound(
        String task,
        long number,
        String sid,
        RoundState state,
        RoundAborted.@Nullable Reason reason,
        @Nullable String detail,
        @Nullable Integer survivors,
        @Nullable Double epsilon,
        long opened,
        @Nullable Long closed,
        @JsonIgnore @Nullable Bytes result) {}
