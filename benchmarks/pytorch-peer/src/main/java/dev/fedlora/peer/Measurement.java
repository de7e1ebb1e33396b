package dev.fedlora.peer;

import java.util.Collections;
import java.util.List;

/**
 * What came out.
 *
 * @param job that was run
 * @param secondsPerStep of the timed steps, in their order
 * @param processorsUsed on average while the steps were timed: less than the job's threads when others took them away
 * @param losses of all steps, warm-up included, in nats a token
 */
record Measurement(Job job, List<Double> secondsPerStep, double processorsUsed, List<Double> losses) {
    /** Of the logits and the loss itself in bf16, which has eight bits. */
    private static final double ROUNDING = 0.02;

    /** Threads that wait for each other spin, but not for long: on a machine of their own they take nearly all of it. */
    private static final double LEAST_SHARE = 0.8;

    double tokensPerSecond() {
        return job.tokensPerStep() / Comparison.median(secondsPerStep);
    }

    double bestTokensPerSecond() {
        return job.tokensPerStep() / Collections.min(secondsPerStep);
    }

    double firstLoss() {
        return losses.get(0);
    }

    double lastLoss() {
        return losses.get(losses.size() - 1);
    }

    /** Whether other programs took so much of the processors that the times say little about this one. */
    boolean isDisturbed() {
        return processorsUsed < LEAST_SHARE * job.threads();
    }

    /**
     * Checks that a model was trained.
     *
     * <p>Logits of random weights are normal with a variance of v = D σ², because the last norm's rows have a square sum of D.
     * So the first loss is ln V + v / 2, give or take √(v / (B T)): the mean over independent targets. Six of those are
     * not exceeded once in 500 million runs.
     *
     * @throws IllegalStateException if the first loss is not that of random weights, or did not fall on the same batch
     */
    void check() {
        ModelShape shape = job.shape();
        double variance = shape.width() * RandomWeights.DEVIATION * RandomWeights.DEVIATION;
        double expected = Math.log(shape.vocabulary()) + variance / 2;
        double tolerance = 6 * Math.sqrt(variance / job.tokensPerStep()) + ROUNDING;
        if (!(Math.abs(firstLoss() - expected) <= tolerance)) {
            throw new IllegalStateException("the first loss is %.4f; that of random weights is %.4f, give or take %.4f"
                    .formatted(firstLoss(), expected, tolerance));
        }
        if (!(lastLoss() < firstLoss())) {
            throw new IllegalStateException(
                    "the loss of the same batch went from %.4f to %.4f in %d steps; it must fall"
                            .formatted(firstLoss(), lastLoss(), losses.size()));
        }
    }
}
