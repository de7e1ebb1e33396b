package dev.fedlora.lora.train;

/** Hears of every step of a training, on the thread that trains. */
@FunctionalInterface
public interface ProgressListener {
    /** Ignores everything. */
    ProgressListener NONE = progress -> {};

    /** Called after each step. */
    void stepDone(StepProgress progress);

    /**
     * One step that is done. Computed from the examples: when training is private, this is not.
     *
     * @param step counted from 1
     * @param steps of the whole training
     * @param examples in this step's batch
     * @param tokens of those examples; 0 where a trainer knows of none
     * @param loss mean before the step, in nats: over the examples, or over their tokens that are to be predicted; NaN for
     *     a batch of none
     */
    record StepProgress(int step, int steps, int examples, long tokens, double loss) {
        /** A step on examples that have no tokens. */
        public StepProgress(int step, int steps, int examples, double loss) {
            this(step, steps, examples, 0, loss);
        }
    }
}
