package dev.fedlora.lora.model;

import dev.fedlora.lora.ClassifierHead;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Texts to classes and to vectors, by one thread: hidden states are pooled by their mean, then
 *
 * <pre>
 * logits = W pooled + b         C values a text, W and b being the adapter's head
 * loss   = weight · (log Σ exp(logits) - logits[label])     in nats
 * </pre>
 *
 * <p>Not thread-safe; owns its pass.
 */
public final class SequenceClassifier implements AutoCloseable {
    private final ForwardPass pass;
    private final int width;
    private float[] pooled = new float[0];
    private float[] pooledGradient = new float[0];
    private float[] hiddenGradient = new float[0];

    /** @param pass closed with this classifier */
    public SequenceClassifier(ForwardPass pass) {
        this.pass = pass;
        this.width = pass.model().width();
    }

    /**
     * Returns the text's vector: mean-pooled hidden states at length 1, D values.
     *
     * @param adapter over the model, or null for the base model alone
     * @throws IllegalArgumentException when the text is empty, too long or holds an unknown token
     */
    public float[] embed(int[] tokens, @Nullable BoundAdapter adapter) {
        TokenBatch batch = TokenBatch.of(List.of(tokens));
        pool(batch, adapter, false);
        double square = 0;
        for (int i = 0; i < width; i++) {
            square += (double) pooled[i] * pooled[i];
        }
        double length = Math.sqrt(square);
        float[] vector = new float[width];
        for (int i = 0; i < width; i++) {
            vector[i] = (float) (length == 0 ? 0 : pooled[i] / length);
        }
        return vector;
    }

    /**
     * Returns S × C logits.
     *
     * @throws IllegalArgumentException when the adapter has no head, or the batch does not fit the model
     */
    public double[] logits(TokenBatch batch, BoundAdapter adapter) {
        ClassifierHead head = head(adapter);
        pool(batch, adapter, false);
        return logits(head, batch.sequences());
    }

    /**
     * Adds the gradient of the batch's loss to {@code gradients}, head included.
     *
     * @param segments which sequences add to which accumulator
     * @return the sum of the weighted losses
     * @throws IllegalArgumentException when the adapter has no head, a label is outside its classes, or the batch does
     *     not fit the model
     */
    public double addGradient(
            LabelledBatch batch, BoundAdapter adapter, Segments segments, AdapterGradients gradients) {
        ClassifierHead head = head(adapter);
        TokenBatch tokens = batch.tokens();
        int classes = head.labels().size();
        for (int s = 0; s < tokens.sequences(); s++) {
            if (batch.label(s) < 0 || batch.label(s) >= classes) {
                throw new IllegalArgumentException(
                        "sequence %d has label %d, allowed are 0 to %d".formatted(s, batch.label(s), classes - 1));
            }
        }
        pool(tokens, adapter, true);
        double[] logits = logits(head, tokens.sequences());
        double loss = 0;
        for (int s = 0; s < tokens.sequences(); s++) {
            loss += batch.weight(s) * CrossEntropy.replaceByGradient(logits, s * classes, classes, batch.label(s));
            for (int c = 0; c < classes; c++) {
                logits[s * classes + c] *= batch.weight(s);
            }
        }
        headBackward(head, adapter.headOffset(), logits, segments, gradients);
        hiddenGradient = PassState.grown(hiddenGradient, tokens.rows() * width);
        MeanPooling.backward(tokens, pooledGradient, width, hiddenGradient);
        pass.backward(hiddenGradient, segments, gradients);
        return loss;
    }

    private void pool(TokenBatch batch, @Nullable BoundAdapter adapter, boolean forBackward) {
        float[] hidden = pass.forward(batch, adapter, forBackward);
        pooled = PassState.grown(pooled, batch.sequences() * width);
        MeanPooling.forward(batch, hidden, width, pooled);
    }

    private double[] logits(ClassifierHead head, int sequences) {
        int classes = head.labels().size();
        double[] logits = new double[sequences * classes];
        for (int s = 0; s < sequences; s++) {
            for (int c = 0; c < classes; c++) {
                double sum = head.bias()[c];
                for (int i = 0; i < width; i++) {
                    sum += (double) head.weight()[c * width + i] * pooled[s * width + i];
                }
                logits[s * classes + c] = sum;
            }
        }
        return logits;
    }

    /** dW += dlogitsᵀ pooled, db += dlogits, a segment at a time; dpooled = dlogits W. */
    private void headBackward(
            ClassifierHead head, int offset, double[] dlogits, Segments segments, AdapterGradients gradients) {
        int classes = head.labels().size();
        int sequences = dlogits.length / classes;
        pooledGradient = PassState.grown(pooledGradient, sequences * width);
        Arrays.fill(pooledGradient, 0, sequences * width, 0);
        for (int i = 0; i < segments.count(); i++) {
            float[] target = gradients.values(segments.accumulator(i));
            for (int s = segments.firstSequence(i); s < segments.endSequence(i); s++) {
                for (int c = 0; c < classes; c++) {
                    float g = (float) dlogits[s * classes + c];
                    int weightAt = offset + c * width;
                    for (int j = 0; j < width; j++) {
                        target[weightAt + j] += g * pooled[s * width + j];
                        pooledGradient[s * width + j] += g * head.weight()[c * width + j];
                    }
                    target[offset + classes * width + c] += g;
                }
            }
        }
    }

    private static ClassifierHead head(BoundAdapter adapter) {
        ClassifierHead head = adapter.adapter().head();
        if (head == null) {
            throw new IllegalArgumentException("the adapter has no classifier head");
        }
        return head;
    }

    @Override
    public void close() {
        pass.close();
    }
}
