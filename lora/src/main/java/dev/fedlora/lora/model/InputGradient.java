package dev.fedlora.lora.model;

/** Where a layer puts the gradient of its input: nowhere, over an array, or on top of what the array holds. */
final class InputGradient {
    static final InputGradient NOT_WANTED = new InputGradient(new float[0], false, false);

    private final float[] values;
    private final boolean wanted;
    private final boolean accumulate;

    private InputGradient(float[] values, boolean wanted, boolean accumulate) {
        this.values = values;
        this.wanted = wanted;
        this.accumulate = accumulate;
    }

    static InputGradient into(float[] values) {
        return new InputGradient(values, true, false);
    }

    static InputGradient addedTo(float[] values) {
        return new InputGradient(values, true, true);
    }

    /** Returns this when {@code condition} holds, else {@link #NOT_WANTED}. */
    InputGradient onlyIf(boolean condition) {
        return condition ? this : NOT_WANTED;
    }

    float[] values() {
        return values;
    }

    boolean wanted() {
        return wanted;
    }

    boolean accumulate() {
        return accumulate;
    }
}
