package dev.fedlora.coordinator.round;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.coordinator.store.StoredRound;
import dev.fedlora.coordinator.store.TaskState;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a task stands, for people and programs.
 *
 * @param task name
 * @param state where it stands
 * @param detail why it ended or is held up, or null
 * @param round number of the open round, or null
 * @param phase of the open round, or null
 * @param adapter hash of the newest adapter
 * @param finishedRounds rounds that made an adapter
 * @param rounds rounds that are wanted
 * @param epsilon spent so far, null without a guarantee
 * @param delta of the guarantee, null without one
 * @param history every round, aborted ones included, oldest first
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record TaskStatus(
        String task,
        TaskState state,
        @Nullable String detail,
        @Nullable Long round,
        @Nullable String phase,
        Bytes adapter,
        int finishedRounds,
        int rounds,
        @Nullable Double epsilon,
        @Nullable Double delta,
        List<StoredRound> history) {}
