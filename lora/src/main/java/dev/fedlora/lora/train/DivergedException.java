package dev.fedlora.lora.train;

/** A loss or gradient stopped being a finite number, so the step was not taken: most often the learning rate is too high. */
public final class DivergedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** @param step that was not taken, counted from 1 */
    public DivergedException(int step, String what, double got) {
        super("step %d: %s is %s; the step was not taken, a lower learning rate may help".formatted(step, what, got));
    }
}
