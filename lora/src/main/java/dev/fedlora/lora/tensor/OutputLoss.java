package dev.fedlora.lora.tensor;

import dev.fedlora.lora.quant.QuantizedMatrix;
import org.jspecify.annotations.Nullable;

/**
 * Cross entropy of a language model's next tokens at the rows that count:
 *
 * <pre>
 * logits  = W h                                 V values for each of the C counted rows h
 * loss    = log Σ exp(logits) - logits[target]  in nats
 * dh      = weight · Wᵀ (softmax(logits) - onehot(target))
 * </pre>
 *
 * @param output W, V × D
 * @param hidden R × D
 * @param batchRows R
 * @param rows the C counted rows, ascending
 * @param targets the right token of each counted row
 * @param weights what the loss of each counted row is multiplied by in the sum and in the gradient
 * @param hiddenGradient R × D: dh in the counted rows and zero in the R - C others; null when it is not wanted
 * @param losses where the C unweighted losses go
 */
@SuppressWarnings("ArrayRecordComponent") // shared on purpose, never copied
public record OutputLoss(
        QuantizedMatrix output,
        Panel hidden,
        int batchRows,
        int[] rows,
        int[] targets,
        float[] weights,
        @Nullable Panel hiddenGradient,
        double[] losses) {
    /** @throws IllegalArgumentException when lengths differ, or a row or target does not exist */
    public OutputLoss {
        int count = rows.length;
        if (targets.length != count || weights.length != count || losses.length != count) {
            throw new IllegalArgumentException("%d counted rows got %d targets, %d weights and room for %d losses"
                    .formatted(count, targets.length, weights.length, losses.length));
        }
        for (int i = 0; i < count; i++) {
            if (rows[i] < 0 || rows[i] >= batchRows || (i > 0 && rows[i] <= rows[i - 1])) {
                throw new IllegalArgumentException(
                        "counted row %d is %d; they must ascend and lie in 0..%d".formatted(i, rows[i], batchRows - 1));
            }
            if (targets[i] < 0 || targets[i] >= output.rows()) {
                throw new IllegalArgumentException("target %d of row %d is outside the vocabulary 0..%d"
                        .formatted(targets[i], rows[i], output.rows() - 1));
            }
        }
    }

    /** Returns the sum of the weighted losses, first to last. */
    double sum() {
        double sum = 0;
        for (int i = 0; i < losses.length; i++) {
            sum += weights[i] * losses[i];
        }
        return sum;
    }
}
