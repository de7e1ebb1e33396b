package dev.fedlora.lora.train;

import dev.fedlora.lora.data.EncodedExample;
import dev.fedlora.lora.model.LabelledBatch;
import dev.fedlora.lora.model.TokenBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * Cuts work into shards and micro-batches. The cut depends on the examples alone, never on the number of threads: a shard
 * is what the result's order of summation is made of.
 */
final class Shards {
    /**
     * Rows of one micro-batch. From about 300 rows on, the products run at full speed and dequantizing the weights is a few
     * per cent; more rows cost memory and leave fewer shards to share out.
     */
    static final int MOST_ROWS = 384;

    /** A batch is cut into this many shards where they keep {@link #LEAST_ROWS}, so that several cores have work. */
    private static final int WANTED_SHARDS = 4;

    private static final int LEAST_ROWS = 96;

    private Shards() {}

    /** Cuts {@code items} into runs of about equal rows, none above {@link #MOST_ROWS} unless a single item is. */
    static <T> List<List<T>> cut(List<T> items, ToIntFunction<T> rows) {
        long total = items.stream().mapToLong(rows::applyAsInt).sum();
        long wanted = Math.max((total + MOST_ROWS - 1) / MOST_ROWS, Math.min(WANTED_SHARDS, total / LEAST_ROWS));
        return runs(items, rows, (int) Math.min(MOST_ROWS, total / Math.max(1, wanted) + 1));
    }

    /** Cuts {@code items} into runs that end once they reach {@code enough} rows and stay below {@link #MOST_ROWS}. */
    private static <T> List<List<T>> runs(List<T> items, ToIntFunction<T> rows, int enough) {
        List<List<T>> runs = new ArrayList<>();
        List<T> run = new ArrayList<>();
        int size = 0;
        for (T item : items) {
            int more = rows.applyAsInt(item);
            if (!run.isEmpty() && (size >= enough || size + more > MOST_ROWS)) {
                runs.add(run);
                run = new ArrayList<>();
                size = 0;
            }
            run.add(item);
            size += more;
        }
        if (!run.isEmpty()) {
            runs.add(run);
        }
        return runs;
    }

    /** Cuts {@code items} into micro-batches of at most {@link #MOST_ROWS} rows, or one longer item. */
    static <T> List<List<T>> microBatches(List<T> items, ToIntFunction<T> rows) {
        return runs(items, rows, MOST_ROWS);
    }

    static int rows(EncodedExample example) {
        return example.tokens().length;
    }

    static TokenBatch tokens(List<EncodedExample> examples) {
        return TokenBatch.of(examples.stream().map(EncodedExample::tokens).toList());
    }

    /** Returns {@code examples} as a batch in which each weighs the same. */
    static LabelledBatch batch(List<EncodedExample> examples, float weight) {
        float[] weights = new float[examples.size()];
        Arrays.fill(weights, weight);
        return new LabelledBatch(
                tokens(examples),
                examples.stream().mapToInt(EncodedExample::label).toArray(),
                weights);
    }
}
