package dev.fedlora.lora.tensor;

import java.util.List;

/** Finds the back end that {@code --backend} names. */
public final class MatrixBackends {
    private static final List<String> NAMES = List.of("auto", "reference", "vector");

    private MatrixBackends() {}

    /** Returns what {@link #select} takes: {@code auto} and every back end's name. */
    public static List<String> names() {
        return NAMES;
    }

    /**
     * Returns the back end called {@code name}.
     *
     * @throws IllegalArgumentException when there is none of that name
     */
    public static MatrixBackend select(String name) {
        if (name.equals("reference")) {
            return new ReferenceBackend();
        }
        if (name.equals("auto") || name.equals("vector")) {
            return IncubatorClasses.load("VectorBackend", MatrixBackend.class).orElseGet(ReferenceBackend::new);
        }
        throw new IllegalArgumentException("back end '" + name + "' is not known, known are " + NAMES);
    }
}
