package dev.fedlora.lora.quant;

/** A value that a type cannot store: one that is not finite, or a block's largest that is too large for its scale. */
public final class UnstorableValueException extends ArithmeticException {
    private static final long serialVersionUID = 1;

    private final int index;
    private final String problem;

    UnstorableValueException(int index, String problem) {
        super("value " + index + " " + problem);
        this.index = index;
        this.problem = problem;
    }

    /** Returns the index of the value among those given; of a block that is too large, of its first value. */
    public int index() {
        return index;
    }

    /** Returns what is wrong with it, such as {@code is NaN, only finite values can be stored}. */
    public String problem() {
        return problem;
    }
}
