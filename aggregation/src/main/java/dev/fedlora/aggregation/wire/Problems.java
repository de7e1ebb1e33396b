package dev.fedlora.aggregation.wire;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Collects what is wrong with a value, so that all of it can be said at once. */
final class Problems {
    private final List<String> found = new ArrayList<>();

    void require(boolean holds, String problem) {
        if (!holds) {
            found.add(problem);
        }
    }

    /** Says whether {@code value} is there, and notes its absence: JSON may lack any field. */
    boolean isPresent(String name, @Nullable Object value) {
        require(value != null, name + " is missing");
        return value != null;
    }

    void name(String field, @Nullable String value) {
        if (value == null || value.isBlank()) {
            found.add(field + " is missing");
        } else {
            // as many bytes as the wire format takes; letters that are safe in paths, logs and file names
            require(
                    value.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,99}"),
                    field + " must be 1 to 100 letters, digits, '.', '_' or '-', got '" + value + "'");
        }
    }

    void atLeast(String field, long least, long value) {
        require(value >= least, field + " must be at least " + least + ", got " + value);
    }

    void positive(String field, double value) {
        require(value > 0 && Double.isFinite(value), field + " must be positive and finite, got " + value);
    }

    void size(String field, int bytes, @Nullable Bytes value) {
        if (isPresent(field, value) && value != null) {
            require(value.size() == bytes, field + " must be " + bytes + " bytes, got " + value.size());
        }
    }

    List<String> found() {
        return List.copyOf(found);
    }

    static void refuse(String what, List<String> problems) {
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(what + ": " + String.join("; ", problems));
        }
    }
}
