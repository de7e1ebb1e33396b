package dev.fedlora.aggregation.wire;

/**
 * What a client does with its data in one round.
 *
 * @param learningRate of the LoRA factors
 * @param headLearningRate of the classifier's head
 * @param batchSize examples a step
 * @param dataFraction share of its data that a client passes over in a round, in (0, 1]
 * @param seed of the initial adapter and of the batches
 */
public record LocalTraining(
        double learningRate, double headLearningRate, int batchSize, double dataFraction, long seed) {
    void addProblems(Problems problems) {
        problems.positive("training.learningRate", learningRate);
        problems.positive("training.headLearningRate", headLearningRate);
        problems.atLeast("training.batchSize", 1, batchSize);
        problems.require(
                dataFraction > 0 && dataFraction <= 1, "training.dataFraction must be in (0, 1], got " + dataFraction);
    }

    void writeTo(ByteWriter out) {
        out.f64(learningRate)
                .f64(headLearningRate)
                .u32(batchSize)
                .f64(dataFraction)
                .u64(seed);
    }
}
