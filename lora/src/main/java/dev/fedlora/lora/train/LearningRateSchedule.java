package dev.fedlora.lora.train;

/** How the learning rate goes on after the warm-up. */
public enum LearningRateSchedule {
    /** Stays. */
    CONSTANT {
        @Override
        double factor(double done) {
            return 1;
        }
    },
    /** Falls as half a cosine to zero after the last step (Loshchilov, Hutter, SGDR, ICLR 2017, arXiv 1608.03983). */
    COSINE {
        @Override
        double factor(double done) {
            return (1 + Math.cos(Math.PI * done)) / 2;
        }
    };

    /** @param done steps after the warm-up over all steps after the warm-up, in [0, 1) */
    abstract double factor(double done);

    /**
     * Returns what the learning rate of a step is multiplied by.
     *
     * @param step counted from 0
     * @param warmupSteps over which the rate rises linearly, {@code 1 / (warmupSteps + 1)} at first
     */
    public double factor(int step, int steps, int warmupSteps) {
        if (step < warmupSteps) {
            return (step + 1.0) / (warmupSteps + 1);
        }
        return factor((step - warmupSteps) / (double) Math.max(1, steps - warmupSteps));
    }
}
