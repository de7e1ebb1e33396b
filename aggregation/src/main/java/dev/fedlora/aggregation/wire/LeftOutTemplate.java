package dev.fedlora.aggregation.wire;

import org.jspecify.annotations.Nullable;

/** Equal to what JSON leaves out, as Jackson asks for it: the template that a task has when it names none. */
final class LeftOutTemplate {
    @Override
    public boolean equals(@Nullable Object value) {
        return TaskSpec.AUTO.equals(value);
    }

    @Override
    public int hashCode() {
        return TaskSpec.AUTO.hashCode();
    }
}
