package dev.fedlora.lora.model;

/** -log softmax(logits)[label], in nats. */
public final class CrossEntropy {
    private CrossEntropy() {}

    /** Returns the loss of the {@code classes} logits from {@code offset} on. */
    public static double loss(double[] logits, int offset, int classes, int label) {
        double highest = highest(logits, offset, classes);
        double sum = 0;
        for (int c = 0; c < classes; c++) {
            sum += Math.exp(logits[offset + c] - highest);
        }
        return Math.log(sum) + highest - logits[offset + label];
    }

    /** Returns the loss, and overwrites the logits by its gradient: softmax(logits) - 1 at the label. */
    static double replaceByGradient(double[] logits, int offset, int classes, int label) {
        double loss = loss(logits, offset, classes, label);
        double logSum = loss + logits[offset + label];
        for (int c = 0; c < classes; c++) {
            logits[offset + c] = Math.exp(logits[offset + c] - logSum);
        }
        logits[offset + label] -= 1;
        return loss;
    }

    private static double highest(double[] logits, int offset, int classes) {
        double highest = logits[offset];
        for (int c = 1; c < classes; c++) {
            highest = Math.max(highest, logits[offset + c]);
        }
        return highest;
    }
}
