package dev.fedlora.lora.model;

import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.tensor.MatrixProducts;
import dev.fedlora.lora.tensor.Panel;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Continues texts, token by token: the prompt in one pass, then one row a token, over the keys and values of all tokens so
 * far. Each text may use another adapter; the base model stays as it is.
 *
 * <p>Not thread-safe; one for each thread.
 */
public final class TextGenerator implements AutoCloseable {
    private final DecoderModel model;
    private final DecoderForwardPass pass;
    private final KeyValueCache cache;
    private final float[] logits;

    /** Told about each token as it is chosen. */
    @FunctionalInterface
    public interface Listener {
        /** Takes a token; returns whether to go on. */
        boolean accept(int token);
    }

    /**
     * @param products closed with this
     * @throws IllegalArgumentException when {@code model} does not predict tokens
     */
    public TextGenerator(BaseModel model, MatrixProducts products) {
        if (!(model instanceof DecoderModel decoder)) {
            throw new IllegalArgumentException("a %s model does not predict tokens".formatted(model.architecture()));
        }
        this.model = decoder;
        this.pass = new DecoderForwardPass(decoder, products, ActivationPolicy.KEEP);
        this.cache = new KeyValueCache(decoder.shape());
        this.logits = new float[decoder.vocabulary()];
    }

    /**
     * Continues a text. Ends at a token that ends texts, which is not among those returned, at {@code maxTokens}, at the
     * model's context limit, or when the listener says so.
     *
     * @param prompt with the token that begins texts, where the model expects one
     * @param adapter over the model, or null for the base model alone
     * @param isEnd says which tokens end a text
     * @return the tokens after the prompt
     * @throws IllegalArgumentException when the prompt is empty, too long or holds an unknown token, or {@code maxTokens}
     *     is negative
     * @throws NonFiniteException when a logit is not a finite number
     */
    public int[] generate(
            int[] prompt, @Nullable BoundAdapter adapter, Plan plan, IntPredicate isEnd, Listener listener) {
        TokenBatch batch = TokenBatch.of(List.of(prompt));
        batch.requireFits(model.vocabulary(), model.contextLimit());
        cache.clear();
        Sampler sampler = new Sampler(plan.sampling);
        // the last token needs no place in the context: nothing follows it
        int limit = Math.min(plan.maxTokens, model.contextLimit() - prompt.length + 1);
        int[] chosen = new int[Math.min(limit, 256)];
        int count = 0;
        while (count < limit) {
            advance(batch, adapter);
            int token = sampler.next(logits, logits.length);
            if (isEnd.test(token)) {
                break;
            }
            chosen = count == chosen.length ? Arrays.copyOf(chosen, 2 * count) : chosen;
            chosen[count++] = token;
            if (!listener.accept(token)) {
                break;
            }
            batch = TokenBatch.of(List.of(new int[] {token}));
        }
        return Arrays.copyOf(chosen, count);
    }

    /** Runs the next tokens of the text and computes the logits after the last of them. */
    private void advance(TokenBatch batch, @Nullable BoundAdapter adapter) {
        int rows = batch.rows();
        AdapterRuns adapters = AdapterRuns.whole(batch, adapter);
        cache.reserve(rows);
        float[] hidden = pass.forward(adapters, false, new DecoderForwardPass.Place(cache.length(), cache));
        cache.advance(rows);
        QuantizedMatrix output = model.ends().output();
        Panel last = Panel.of(hidden, model.width()).from(rows - 1);
        pass.products().forward(output, last, 1, Panel.of(logits, logits.length), false);
        NonFiniteException.check("a logit", logits, logits.length, model, adapters);
    }

    @Override
    public void close() {
        pass.close();
    }

    /**
     * How much is generated, and how.
     *
     * @param maxTokens at least 0
     */
    public record Plan(int maxTokens, Sampling sampling) {
        /** @throws IllegalArgumentException when the number is negative */
        public Plan {
            if (maxTokens < 0) {
                throw new IllegalArgumentException("at most 0 or more tokens can be generated, got " + maxTokens);
            }
        }
    }
}
