package dev.fedlora.lora.tensor;

/**
 * One step of AdamW: the hyperparameters and the number of the step.
 *
 * <pre>
 * p -= learningRate · weightDecay · p
 * m  = beta1 m + (1 - beta1) g              v = beta2 v + (1 - beta2) g²
 * p -= learningRate · m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
 * </pre>
 *
 * <p>Loshchilov, Hutter, Decoupled Weight Decay Regularization, ICLR 2019 (arXiv 1711.05101), with the learning rate
 * multiplying the decay as PyTorch and Transformers do.
 *
 * @param learningRate of this step, at least 0
 * @param beta1 in [0, 1)
 * @param beta2 in [0, 1)
 * @param epsilon positive
 * @param weightDecay at least 0
 * @param step t, counted from 1
 */
public record AdamWStep(double learningRate, double beta1, double beta2, double epsilon, double weightDecay, int step) {
    /** @throws IllegalArgumentException when a value is out of its range */
    public AdamWStep {
        require(learningRate >= 0 && Double.isFinite(learningRate), "learning rate", "at least 0", learningRate);
        require(beta1 >= 0 && beta1 < 1, "beta1", "in [0, 1)", beta1);
        require(beta2 >= 0 && beta2 < 1, "beta2", "in [0, 1)", beta2);
        require(epsilon > 0 && Double.isFinite(epsilon), "epsilon", "positive", epsilon);
        require(weightDecay >= 0 && Double.isFinite(weightDecay), "weight decay", "at least 0", weightDecay);
        require(step >= 1, "step", "at least 1", step);
    }

    private static void require(boolean holds, String what, String allowed, double got) {
        if (!holds) {
            throw new IllegalArgumentException("%s of AdamW must be %s, got %s".formatted(what, allowed, got));
        }
    }

    /** Returns what m is divided by: 1 - beta1^t. */
    double firstCorrection() {
        return 1 - Math.pow(beta1, step);
    }

    /** Returns what v is divided by: 1 - beta2^t. */
    double secondCorrection() {
        return 1 - Math.pow(beta2, step);
    }
}
