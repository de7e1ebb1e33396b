package dev.fedlora.lora.train;

import java.util.List;

/**
 * How well predictions match labels.
 *
 * @param examples that were evaluated, at least 1
 * @param correct how many were predicted right
 * @param meanLoss mean cross entropy of an example, in nats
 * @param labels one entry a class, in the order of the classifier's classes
 */
public record ClassificationEvaluation(int examples, int correct, double meanLoss, List<LabelCount> labels)
        implements Evaluation {
    public ClassificationEvaluation {
        labels = List.copyOf(labels);
    }

    /** Returns the share predicted right, in [0, 1]. */
    public double accuracy() {
        return (double) correct / examples;
    }

    /**
     * One class.
     *
     * @param label its name
     * @param examples that have it
     * @param predicted examples that were given it
     * @param correct examples that have it and were given it
     */
    public record LabelCount(String label, int examples, int predicted, int correct) {}
}
