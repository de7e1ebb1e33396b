package dev.fedlora.lora.tensor;

/**
 * A row-major matrix inside a longer array: row i starts at {@code offset + i * stride}.
 *
 * @param values the array, shared
 * @param offset index of the first value
 * @param stride distance from one row to the next
 */
@SuppressWarnings("ArrayRecordComponent") // shared on purpose, never copied
public record Panel(float[] values, int offset, int stride) {
    /** Returns a dense matrix of {@code columns} columns at the start of the array. */
    public static Panel of(float[] values, int columns) {
        return new Panel(values, 0, columns);
    }

    /** Returns the panel that starts {@code rows} rows further down. */
    public Panel from(int rows) {
        return new Panel(values, offset + rows * stride, stride);
    }

    /**
     * Checks that {@code rows} × {@code columns} values are there.
     *
     * @param what the operand's name in the message
     * @throws IllegalArgumentException when rows would overlap or reach outside the array
     */
    void requireHolds(String what, int rows, int columns) {
        long end = offset + (rows - 1L) * stride + columns;
        if (rows < 1 || columns < 1 || offset < 0 || (rows > 1 && stride < columns) || end > values.length) {
            throw new IllegalArgumentException(
                    "%s: %d x %d values at offset %d with stride %d do not fit an array of %d"
                            .formatted(what, rows, columns, offset, stride, values.length));
        }
    }
}
