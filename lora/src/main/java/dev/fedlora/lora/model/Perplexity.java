package dev.fedlora.lora.model;

import dev.fedlora.lora.tensor.MatrixBackend;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * How well a model predicts a text, measured as llama.cpp's tool does: the text is cut into chunks of {@code context}
 * tokens, what is left over is dropped; the first token of each chunk is replaced by the one that begins texts, if the
 * model expects one; the tokens of the second half of each chunk are scored.
 *
 * <pre>
 * perplexity = exp(mean of -log p(token))
 * </pre>
 *
 * @param perplexity at least 1
 * @param chunks that were scored
 */
public record Perplexity(double perplexity, int chunks) {
    /**
     * Measures.
     *
     * @param backend opens the matrix products of each thread
     * @param threads at least 1; the result does not depend on it
     * @param adapter over the model, or null for the base model alone
     * @param text tokens, and how they are cut
     * @throws IllegalArgumentException when the text is shorter than two chunks or the context does not fit the model
     * @throws NonFiniteException when the loss of a token is not a finite number
     */
    public static Perplexity of(
            BaseModel model, MatrixBackend backend, int threads, @Nullable BoundAdapter adapter, Text text)
            throws InterruptedException {
        if (text.context > model.contextLimit()) {
            throw new IllegalArgumentException("a context of %d tokens is more than the model's limit of %d"
                    .formatted(text.context, model.contextLimit()));
        }
        int chunks = text.tokens.length / text.context;
        double[][] losses = new double[chunks][];
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int first = t;
                running.add(pool.submit(() -> {
                    try (NextTokenModel next = new NextTokenModel(model.open(backend.open()))) {
                        for (int chunk = first;
                                chunk < chunks && !Thread.currentThread().isInterrupted();
                                chunk += threads) {
                            losses[chunk] = next.losses(text.chunk(chunk), adapter);
                        }
                    }
                }));
            }
            for (Future<?> each : running) {
                each.get();
            }
        } catch (ExecutionException failure) {
            throw rethrown(failure.getCause());
        } finally {
            pool.shutdownNow();
        }
        double mean =
                Arrays.stream(losses).flatMapToDouble(Arrays::stream).average().orElseThrow();
        return new Perplexity(Math.exp(mean), chunks);
    }

    private static RuntimeException rethrown(@Nullable Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException known ? known : new IllegalStateException(cause);
    }

    /**
     * What is measured.
     *
     * @param tokens of the whole text
     * @param begin the token that begins texts, if the model expects one
     * @param context tokens of a chunk, at least 4
     */
    @SuppressWarnings("ArrayRecordComponent") // shared on purpose, never copied
    public record Text(int[] tokens, OptionalInt begin, int context) {
        /** @throws IllegalArgumentException when there are fewer than two chunks */
        public Text {
            if (context < 4) {
                throw new IllegalArgumentException("the context must be at least 4 tokens, got " + context);
            }
            if (tokens.length < 2 * context) {
                throw new IllegalArgumentException("the text has %d tokens, a context of %d needs at least %d"
                        .formatted(tokens.length, context, 2 * context));
            }
        }

        private LanguageBatch chunk(int number) {
            int[] chunk = Arrays.copyOfRange(tokens, number * context, (number + 1) * context);
            begin.ifPresent(token -> chunk[0] = token);
            boolean[] learned = new boolean[context];
            Arrays.fill(learned, context / 2 + 1, context, true); // rows context/2 on, each predicts the next token
            return LanguageBatch.of(List.of(chunk), List.of(learned), new float[] {1});
        }

        /** Names the size alone: texts are never printed. */
        @Override
        public String toString() {
            return "Text[%d tokens in chunks of %d]".formatted(tokens.length, context);
        }
    }
}
