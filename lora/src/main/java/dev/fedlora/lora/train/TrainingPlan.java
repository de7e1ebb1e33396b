package dev.fedlora.lora.train;

/**
 * One round of plain training: shuffled mini-batches over a share of the data. The next round goes on where this one
 * stopped; when all data has had its turn, it is shuffled anew.
 *
 * @param round counted from 0
 * @param share of the examples that one round passes over, positive; at least one example, else rounded down. Above 1 the
 *     round goes over the data more than once
 * @param batchSize examples a step, at least 1; the last batch of a round may be smaller
 * @param optimizer how a step is taken
 */
public record TrainingPlan(int round, double share, int batchSize, OptimizerPlan optimizer) {
    /** @throws IllegalArgumentException naming the first value that is out of its range */
    public TrainingPlan {
        OptimizerPlan.require(round >= 0, "round", "at least 0", round);
        OptimizerPlan.require(share > 0 && Double.isFinite(share), "share of the data", "positive and finite", share);
        OptimizerPlan.require(batchSize >= 1, "batch size", "at least 1", batchSize);
    }
}
