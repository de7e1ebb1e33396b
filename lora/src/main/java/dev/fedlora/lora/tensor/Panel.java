package dev.fedlora.lora.tensor;

/**
 * A row-major matrix inside a longer array: row i starts at {@code offset + i * stride}.
 *
 * @param values the array, shared
 * @param offset index of the first value
 * @param stride distance from one row to the next
 */
public record Panel(float[] values, int offset, int stride) {
    /** Returns a dense matrix of {@code columns} columns at the start of the array. */
    public static Panel of(float[] values, int columns) {
        return new Panel(values, 0, columns);
    }

    /** Returns the panel that starts {@code rows} rows further down. */
    public Panel from(int rows) {
        return new Panel(values, offset + rows * stride, stride);
    }
}
