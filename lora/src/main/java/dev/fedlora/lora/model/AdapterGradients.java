package dev.fedlora.lora.model;

import dev.fedlora.lora.tensor.Panel;
import java.util.Arrays;

/**
 * Gradient accumulators: several vectors of P values in the adapter's canonical order. They are reused from step to step.
 * Not thread-safe.
 */
public final class AdapterGradients {
    private final int parameters;
    private float[][] values = new float[0][];

    /** @param parameters P */
    public AdapterGradients(int parameters) {
        this.parameters = parameters;
    }

    /** Sees to it that accumulators 0 to {@code accumulators} - 1 exist and hold zeros. */
    public void reset(int accumulators) {
        int before = values.length;
        if (before < accumulators) {
            values = Arrays.copyOf(values, accumulators);
            for (int k = before; k < accumulators; k++) {
                values[k] = new float[parameters];
            }
        }
        for (int k = 0; k < Math.min(before, accumulators); k++) {
            Arrays.fill(values[k], 0);
        }
    }

    /** Returns accumulator {@code accumulator}: P values, shared. */
    public float[] values(int accumulator) {
        return values[accumulator];
    }

    /** Returns P. */
    int parameters() {
        return parameters;
    }

    /** Returns how many accumulators exist. */
    int accumulators() {
        return values.length;
    }

    Panel panel(int accumulator, int offset, int columns) {
        return new Panel(values[accumulator], offset, columns);
    }
}
