package dev.fedlora.coordinator.store;

import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.TaskSpec;
import org.jspecify.annotations.Nullable;

/**
 * A task as the store has it.
 *
 * @param spec what was asked for
 * @param state where it stands
 * @param detail one sentence on why it ended, or null
 * @param adapter hash of the newest adapter
 */
public record StoredTask(
        TaskSpec spec, TaskState state, @Nullable String detail, Bytes adapter) {}
