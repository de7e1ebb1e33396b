package dev.fedlora.lora.model;

import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.tensor.OutputLoss;
import dev.fedlora.lora.tensor.Panel;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Texts to what comes next, by one thread: hidden states times the output matrix,
 *
 * <pre>
 * logits = W h                                                V values a row
 * loss   = Σ weight · (log Σ exp(logits) - logits[target])    over the rows that count, in nats
 * </pre>
 *
 * <p>Not thread-safe; owns its pass.
 */
public final class NextTokenModel implements AutoCloseable {
    private final ForwardPass pass;
    private final QuantizedMatrix output;
    private final int width;
    private float[] hiddenGradient = new float[0];

    /**
     * @param pass closed with this
     * @throws IllegalArgumentException when the pass's model has no output layer
     */
    public NextTokenModel(ForwardPass pass) {
        this.pass = pass;
        this.width = pass.model().width();
        this.output = pass.model()
                .outputMatrix()
                .orElseThrow(() -> new IllegalArgumentException("a %s model does not predict tokens"
                        .formatted(pass.model().architecture())));
    }

    /** Sets what is dropped of the values that the LoRA factors read, from the next call on. */
    public void setDropout(Dropout dropout) {
        pass.setDropout(dropout);
    }

    /**
     * Adds the gradient of the batch's loss to {@code gradients}.
     *
     * @param segments which sequences add to which accumulator
     * @return the sum of the weighted losses
     * @throws IllegalArgumentException when the batch does not fit the model
     */
    public double addGradient(
            LanguageBatch batch, BoundAdapter adapter, Segments segments, AdapterGradients gradients) {
        return addGradient(batch, AdapterRuns.whole(batch.tokens(), adapter), segments, gradients);
    }

    /**
     * Adds the gradients of a batch whose texts use different adapters to {@code gradients}, each adapter's to accumulators
     * of its own. A text without an adapter counts in the loss and adds nothing.
     *
     * @param segments which sequences add to which accumulator
     * @return the sum of the weighted losses
     * @throws IllegalArgumentException when the batch does not fit the model, the adapters are those of another batch, or the
     *     accumulators do not fit the adapters, as {@link ForwardPass#backward} says; nothing is added then
     */
    public double addGradient(
            LanguageBatch batch, AdapterRuns adapters, Segments segments, AdapterGradients gradients) {
        requireTargets(batch);
        requireSameBatch(batch, adapters);
        float[] hidden = pass.forward(adapters, true);
        if (batch.counted() == 0) {
            return 0;
        }
        hiddenGradient = PassState.grown(hiddenGradient, batch.tokens().rows() * width);
        double loss = pass.products()
                .crossEntropy(outputLoss(batch, hidden, Panel.of(hiddenGradient, width), new double[batch.counted()]));
        pass.backward(hiddenGradient, segments, gradients);
        return loss;
    }

    /**
     * Returns the unweighted loss of every row that counts, in nats.
     *
     * @param adapter over the model, or null for the base model alone
     * @throws IllegalArgumentException when the batch does not fit the model
     * @throws NonFiniteException when a loss is not a finite number
     */
    public double[] losses(LanguageBatch batch, @Nullable BoundAdapter adapter) {
        return lossesOfRuns(batch, AdapterRuns.whole(batch.tokens(), adapter));
    }

    /**
     * Returns the unweighted loss of every row that counts, in nats, of texts that use different adapters.
     *
     * @throws IllegalArgumentException when the batch does not fit the model, or the adapters are those of another batch
     * @throws NonFiniteException when a loss is not a finite number
     */
    public double[] lossesOfRuns(LanguageBatch batch, AdapterRuns adapters) {
        requireTargets(batch);
        requireSameBatch(batch, adapters);
        float[] hidden = pass.forward(adapters, false);
        NonFiniteException.check("a hidden state", hidden, batch.tokens().rows() * width, pass.model(), adapters);
        double[] losses = new double[batch.counted()];
        if (losses.length > 0) {
            pass.products().crossEntropy(outputLoss(batch, hidden, null, losses));
        }
        NonFiniteException.check("the loss of a token", losses, pass.model(), adapters);
        return losses;
    }

    /**
     * Returns the logits at every token of a text, T × V.
     *
     * @param adapter over the model, or null for the base model alone
     * @throws IllegalArgumentException when the text is empty, too long or holds an unknown token
     * @throws NonFiniteException when a logit is not a finite number
     */
    public float[] logits(int[] tokens, @Nullable BoundAdapter adapter) {
        return logits(AdapterRuns.whole(TokenBatch.of(List.of(tokens)), adapter));
    }

    /**
     * Returns the logits at every token of texts that use different adapters, R × V.
     *
     * @throws IllegalArgumentException when a text is too long or holds an unknown token
     * @throws NonFiniteException when a logit is not a finite number
     */
    public float[] logits(AdapterRuns adapters) {
        int rows = adapters.batch().rows();
        float[] hidden = pass.forward(adapters, false);
        float[] logits = new float[Math.multiplyExact(rows, output.rows())];
        pass.products().forward(output, Panel.of(hidden, width), rows, Panel.of(logits, output.rows()), false);
        NonFiniteException.check("a logit", logits, logits.length, pass.model(), adapters);
        return logits;
    }

    private OutputLoss outputLoss(LanguageBatch batch, float[] hidden, @Nullable Panel gradient, double[] losses) {
        return new OutputLoss(
                output,
                Panel.of(hidden, width),
                batch.tokens().rows(),
                batch.countedRows(),
                batch.targets(),
                batch.weights(),
                gradient,
                losses);
    }

    private static void requireSameBatch(LanguageBatch batch, AdapterRuns adapters) {
        if (adapters.batch() != batch.tokens()) {
            throw new IllegalArgumentException("the adapters are those of another batch");
        }
    }

    private void requireTargets(LanguageBatch batch) {
        int vocabulary = output.rows();
        Arrays.stream(batch.targets())
                .filter(target -> target < 0 || target >= vocabulary)
                .findFirst()
                .ifPresent(target -> {
                    throw new IllegalArgumentException(
                            "a token to be predicted is %d, must be in 0..%d".formatted(target, vocabulary - 1));
                });
    }

    @Override
    public void close() {
        pass.close();
    }
}
