package dev.fedlora.coordinator.store;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** Where a task stands. {@link #FINISHED}, {@link #BUDGET_EXHAUSTED} and {@link #FAILED} are final. */
public enum TaskState {
    /** Known, not started. */
    CREATED,
    /** Rounds are run. */
    RUNNING,
    /** Every round was run. */
    FINISHED,
    /** Another round would exceed the privacy budget. */
    BUDGET_EXHAUSTED,
    /** Rounds were aborted too often in a row, or the task cannot go on for another reason that is told. */
    FAILED;

    /** Returns the name in JSON and in the store, such as {@code budget-exhausted}. */
    @JsonValue
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Says whether no further round will be run. */
    public boolean isFinal() {
        return this != CREATED && this != RUNNING;
    }

    static TaskState ofLabel(String label) {
        return valueOf(label.toUpperCase(Locale.ROOT).replace('-', '_'));
    }
}
