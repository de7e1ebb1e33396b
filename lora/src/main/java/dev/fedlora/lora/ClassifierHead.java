package dev.fedlora.lora;

import java.util.List;

/**
 * A linear classifier over the mean-pooled last hidden state: logits = weight · pooled + bias.
 *
 * <p>The arrays are shared with the caller, not copied: training writes into them. Not thread-safe.
 *
 * @param labels class names in the order of the rows, at least two, distinct
 * @param inputs width of the pooled state
 * @param weight labels × inputs, row-major
 * @param bias one value a label
 */
@SuppressWarnings("ArrayRecordComponent") // shared on purpose, never copied
public record ClassifierHead(List<String> labels, int inputs, float[] weight, float[] bias) {
    /** @throws IllegalArgumentException when labels repeat or an array does not have its shape's length */
    public ClassifierHead {
        labels = List.copyOf(labels);
        if (labels.size() < 2 || labels.stream().distinct().count() != labels.size()) {
            throw new IllegalArgumentException("a classifier needs at least two distinct labels, got " + labels);
        }
        if (weight.length != labels.size() * inputs || bias.length != labels.size()) {
            throw new IllegalArgumentException("a head of %d labels over %d inputs got %d weights and %d biases"
                    .formatted(labels.size(), inputs, weight.length, bias.length));
        }
    }

    /** Returns a head of zeros: every class equally likely. */
    public static ClassifierHead zeros(List<String> labels, int inputs) {
        return new ClassifierHead(labels, inputs, new float[labels.size() * inputs], new float[labels.size()]);
    }
}
