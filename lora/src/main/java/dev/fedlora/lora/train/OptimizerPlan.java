package dev.fedlora.lora.train;

/**
 * How gradients change parameters: AdamW with decoupled weight decay, moments starting at zero in every round.
 *
 * @param learningRate of all parameters but a classifier head, positive
 * @param headLearningRate of the parameters that start from nothing, such as a classifier head, positive; a trainer without
 *     such parameters ignores it
 * @param weightDecay per unit of learning rate, at least 0
 * @param warmupSteps over which the learning rates rise linearly, at least 0
 * @param schedule after the warm-up
 * @param gradientClip largest L2 norm of a batch's gradient, longer ones are scaled down; infinite for no clipping. Private
 *     training ignores it: there every group's gradient is clipped
 */
public record OptimizerPlan(
        double learningRate,
        double headLearningRate,
        double weightDecay,
        int warmupSteps,
        LearningRateSchedule schedule,
        double gradientClip) {
    /** First moment's decay, and the others below: the defaults of Kingma and Ba, Adam, ICLR 2015 (arXiv 1412.6980). */
    static final double BETA1 = 0.9;

    static final double BETA2 = 0.999;
    static final double EPSILON = 1e-8;

    /** @throws IllegalArgumentException naming the first value that is out of its range */
    public OptimizerPlan {
        require(learningRate > 0 && Double.isFinite(learningRate), "learning rate", "positive", learningRate);
        require(
                headLearningRate > 0 && Double.isFinite(headLearningRate),
                "head learning rate",
                "positive",
                headLearningRate);
        require(weightDecay >= 0 && Double.isFinite(weightDecay), "weight decay", "at least 0", weightDecay);
        require(warmupSteps >= 0, "warm-up steps", "at least 0", warmupSteps);
        require(gradientClip > 0, "gradient clip", "positive", gradientClip);
    }

    /** Returns constant rates without warm-up, weight decay or clipping. */
    public static OptimizerPlan constant(double learningRate, double headLearningRate) {
        return new OptimizerPlan(
                learningRate, headLearningRate, 0, 0, LearningRateSchedule.CONSTANT, Double.POSITIVE_INFINITY);
    }

    static void require(boolean holds, String what, String allowed, Number got) {
        if (!holds) {
            throw new IllegalArgumentException("%s must be %s, got %s".formatted(what, allowed, got));
        }
    }
}
