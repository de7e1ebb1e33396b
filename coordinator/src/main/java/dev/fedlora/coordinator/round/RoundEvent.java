package dev.fedlora.coordinator.round;

import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.RoundAborted;
import dev.fedlora.aggregation.wire.SessionId;
import dev.fedlora.coordinator.store.TaskState;
import dev.fedlora.coordinator.store.Traffic;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Something that happened in a task. Never holds an update, a share or a key. */
public sealed interface RoundEvent {
    /** Returns the task's name. */
    String task();

    /**
     * A round is open for clients.
     *
     * @param task name
     * @param round number
     * @param sid session id
     * @param cohort clients invited
     * @param epsilon spent by the task with this round counted, null without a guarantee
     */
    record Opened(
            String task,
            long round,
            SessionId sid,
            int cohort,
            @Nullable Double epsilon) implements RoundEvent {}

    /**
     * A phase of an open round was closed.
     *
     * @param task name
     * @param round number
     * @param phase that was closed
     * @param open how long it was open
     */
    record PhaseClosed(String task, long round, Phase phase, Duration open) implements RoundEvent {}

    /**
     * A round made a new adapter.
     *
     * @param task name
     * @param round number
     * @param survivors ids of the clients whose updates are in it, ascending
     * @param phases how long each phase was open
     * @param aggregation time to unmask, decode, apply and store
     * @param traffic bytes to and from each client
     * @param updateNorm L2 norm of the step from the old adapter to the new one
     * @param epsilon spent by the task so far, null without a guarantee
     * @param adapter hash of the new adapter
     */
    record Finished(
            String task,
            long round,
            List<Long> survivors,
            Map<Phase, Duration> phases,
            Duration aggregation,
            Map<Long, Traffic> traffic,
            double updateNorm,
            @Nullable Double epsilon,
            Bytes adapter)
            implements RoundEvent {}

    /**
     * A round came to nothing.
     *
     * @param task name
     * @param round number
     * @param reason why
     * @param detail one sentence
     */
    record Aborted(String task, long round, RoundAborted.Reason reason, String detail) implements RoundEvent {}

    /**
     * A task runs no more rounds.
     *
     * @param task name
     * @param state how it ended
     * @param detail one sentence, or null when every round was run
     * @param adapter hash of its last adapter
     */
    record Ended(String task, TaskState state, @Nullable String detail, Bytes adapter) implements RoundEvent {}
}
