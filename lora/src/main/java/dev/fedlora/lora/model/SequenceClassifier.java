package dev.fedlora.lora.model;

import dev.fedlora.lora.ClassifierHead;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
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
     * @throws NonFiniteException when a component is not a finite number
     */
    public float[] embed(int[] tokens, @Nullable BoundAdapter adapter) {
        TokenBatch batch = TokenBatch.of(List.of(tokens));
        AdapterRuns adapters = AdapterRuns.whole(batch, adapter);
        pool(adapters, false);
        NonFiniteException.check("a component of the embedding", pooled, width, pass.model(), adapters);
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
     * @throws NonFiniteException when a logit is not a finite number
     */
    public double[] logits(TokenBatch batch, BoundAdapter adapter) {
        return Arrays.stream(logits(AdapterRuns.whole(batch, adapter)))
                .flatMapToDouble(Arrays::stream)
                .toArray();
    }

    /**
     * Returns the logits of each text, by the head of its own adapter: S arrays, each as long as that head has classes.
     *
     * @throws IllegalArgumentException when a text's adapter has no head, or the batch does not fit the model
     * @throws NonFiniteException when a logit is not a finite number
     */
    public double[][] logits(AdapterRuns adapters) {
        Heads heads = Heads.of(adapters);
        pool(adapters, false);
        double[][] logits = logits(heads);
        for (double[] row : logits) {
            NonFiniteException.check("a class's logit", row, pass.model(), adapters);
        }
        return logits;
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
        return addGradient(batch, AdapterRuns.whole(batch.tokens(), adapter), segments, gradients);
    }

    /**
     * Adds the gradients of a batch whose texts use different adapters to {@code gradients}, heads included, each adapter's to
     * accumulators of its own.
     *
     * @param segments which sequences add to which accumulator
     * @return the sum of the weighted losses
     * @throws IllegalArgumentException when a text's adapter has no head, a label is outside its classes, the batch does not
     *     fit the model, the adapters are those of another batch, or the accumulators do not fit the adapters, as {@link
     *     ForwardPass#backward} says; nothing is added then
     */
    public double addGradient(
            LabelledBatch batch, AdapterRuns adapters, Segments segments, AdapterGradients gradients) {
        TokenBatch tokens = batch.tokens();
        if (adapters.batch() != tokens) {
            throw new IllegalArgumentException("the adapters are those of another batch");
        }
        Heads heads = Heads.of(adapters);
        heads.requireLabels(batch);
        adapters.requireFits(segments, gradients);
        pool(adapters, true);
        double[][] logits = logits(heads);
        double loss = 0;
        for (int s = 0; s < logits.length; s++) {
            double[] row = logits[s];
            loss += batch.weight(s) * CrossEntropy.replaceByGradient(row, 0, row.length, batch.label(s));
            for (int c = 0; c < row.length; c++) {
                row[c] *= batch.weight(s);
            }
        }
        headBackward(heads, logits, segments, gradients);
        hiddenGradient = PassState.grown(hiddenGradient, tokens.rows() * width);
        MeanPooling.backward(tokens, pooledGradient, width, hiddenGradient);
        pass.backward(hiddenGradient, segments, gradients);
        return loss;
    }

    private void pool(AdapterRuns adapters, boolean forBackward) {
        float[] hidden = pass.forward(adapters, forBackward);
        pooled = PassState.grown(pooled, adapters.batch().sequences() * width);
        MeanPooling.forward(adapters.batch(), hidden, width, pooled);
    }

    private double[][] logits(Heads heads) {
        double[][] logits = new double[heads.adapters.batch().sequences()][];
        for (int s = 0; s < logits.length; s++) {
            ClassifierHead head = heads.of(s);
            logits[s] = new double[head.labels().size()];
            for (int c = 0; c < logits[s].length; c++) {
                double sum = head.bias()[c];
                for (int i = 0; i < width; i++) {
                    sum += (double) head.weight()[c * width + i] * pooled[s * width + i];
                }
                logits[s][c] = sum;
            }
        }
        return logits;
    }

    /** dW += dlogitsᵀ pooled, db += dlogits, a segment at a time; dpooled = dlogits W. */
    private void headBackward(Heads heads, double[][] dlogits, Segments segments, AdapterGradients gradients) {
        pooledGradient = PassState.grown(pooledGradient, dlogits.length * width);
        Arrays.fill(pooledGradient, 0, dlogits.length * width, 0);
        for (int i = 0; i < segments.count(); i++) {
            float[] target = gradients.values(segments.accumulator(i));
            for (int s = segments.firstSequence(i); s < segments.endSequence(i); s++) {
                headBackward(heads, s, dlogits[s], target);
            }
        }
    }

    private void headBackward(Heads heads, int sequence, double[] dlogits, float[] target) {
        ClassifierHead head = heads.of(sequence);
        int offset = heads.offset(sequence);
        int first = sequence * width;
        for (int c = 0; c < dlogits.length; c++) {
            float g = (float) dlogits[c];
            int weightAt = offset + c * width;
            for (int j = 0; j < width; j++) {
                target[weightAt + j] += g * pooled[first + j];
                pooledGradient[first + j] += g * head.weight()[c * width + j];
            }
            target[offset + dlogits.length * width + c] += g;
        }
    }

    /**
     * The heads of a batch's adapters.
     *
     * @param each that of every run
     */
    private record Heads(AdapterRuns adapters, List<ClassifierHead> each) {
        /** @throws IllegalArgumentException when an adapter is missing or has no head */
        static Heads of(AdapterRuns adapters) {
            List<ClassifierHead> each = new ArrayList<>(adapters.count());
            for (int run = 0; run < adapters.count(); run++) {
                BoundAdapter adapter = adapters.adapter(run);
                if (adapter == null) {
                    throw new IllegalArgumentException("sequence %d has no adapter, whose head would say its class"
                            .formatted(adapters.firstSequence(run)));
                }
                ClassifierHead head = adapter.adapter().head();
                if (head == null) {
                    String which = adapters.count() == 1 ? "" : " of sequence " + adapters.firstSequence(run);
                    throw new IllegalArgumentException("the adapter" + which + " has no classifier head");
                }
                each.add(head);
            }
            return new Heads(adapters, each);
        }

        ClassifierHead of(int sequence) {
            return each.get(adapters.runOf(sequence));
        }

        /** Returns the position of the head's first value among those that a sequence's adapter trains. */
        int offset(int sequence) {
            return Objects.requireNonNull(adapters.adapter(adapters.runOf(sequence)))
                    .headOffset();
        }

        /** @throws IllegalArgumentException when a label is outside the classes of its text's head */
        void requireLabels(LabelledBatch batch) {
            for (int s = 0; s < batch.tokens().sequences(); s++) {
                int classes = of(s).labels().size();
                if (batch.label(s) < 0 || batch.label(s) >= classes) {
                    throw new IllegalArgumentException(
                            "sequence %d has label %d, allowed are 0 to %d".formatted(s, batch.label(s), classes - 1));
                }
            }
        }
    }

    @Override
    public void close() {
        pass.close();
    }
}
