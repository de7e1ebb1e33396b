package dev.fedlora.lora.train;

/**
 * One round of plain training: shuffled mini-batches over a share of the data. The next round goes on where this one
 * stopped; when all data has had its turn, it is shuffled anew.
 *
 * <p>A batch of any size is computed in micro-batches of a few hundred tokens whose gradients are added up, so that memory
 * does not grow with it.
 *
 * <p>Examples are laid end to end without padding, so packing has nothing to save there. What it does here is to fill
 * batches by tokens instead of by examples: every step then does the same work, however long the examples are.
 *
 * @param round counted from 0
 * @param share of the examples that one round passes over, positive; at least one example, else rounded down. Above 1 the
 *     round goes over the data more than once
 * @param batchSize examples a step, at least 1; the last batch of a round may be smaller. Not used when batches are packed
 * @param batchTokens tokens a step when batches are packed, in whole examples and at least one; 0 when they are not
 * @param optimizer how a step is taken
 */
public record TrainingPlan(int round, double share, int batchSize, int batchTokens, OptimizerPlan optimizer) {
    /** @throws IllegalArgumentException naming the first value that is out of its range */
    public TrainingPlan {
        OptimizerPlan.require(round >= 0, "round", "at least 0", round);
        OptimizerPlan.require(share > 0 && Double.isFinite(share), "share of the data", "positive and finite", share);
        OptimizerPlan.require(batchSize >= 1, "batch size", "at least 1", batchSize);
        OptimizerPlan.require(batchTokens >= 0, "tokens of a batch", "at least 0", batchTokens);
    }

    /** Batches of so many examples. */
    public TrainingPlan(int round, double share, int batchSize, OptimizerPlan optimizer) {
        this(round, share, batchSize, 0, optimizer);
    }

    /** Says whether batches are filled by tokens. */
    public boolean isPacked() {
        return batchTokens > 0;
    }
}
