package dev.fedlora.lora.train;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * Cuts work into shards and micro-batches. The cut depends on the examples alone, never on the number of threads: a shard
 * is what the result's order of summation is made of.
 */
final class Shards {
    /**
     * Rows of one micro-batch, where memory does not ask for fewer. From about 300 rows on, the products run at full speed and dequantizing the weights is a few
     * per cent; more rows cost memory and leave fewer shards to share out.
     */
    static final int MOST_ROWS = 384;

    /** A batch is cut into this many shards where they keep {@link #LEAST_ROWS}, so that several cores have work. */
    private static final int WANTED_SHARDS = 4;

    private static final int LEAST_ROWS = 96;

    private Shards() {}

    /** Cuts {@code items} into runs of about equal rows, none above {@code most} unless a single item is. */
    static <T> List<List<T>> cut(List<T> items, ToIntFunction<? super T> rows, int most) {
        long total = items.stream().mapToLong(rows::applyAsInt).sum();
        long wanted = Math.max((total + most - 1) / most, Math.min(WANTED_SHARDS, total / LEAST_ROWS));
        return runs(items, rows, new Limits((int) Math.min(most, total / Math.max(1, wanted) + 1), most));
    }

    /** Runs end once they reach {@code enough} rows and stay below {@code most}. */
    private record Limits(int enough, int most) {}

    private static <T> List<List<T>> runs(List<T> items, ToIntFunction<? super T> rows, Limits limits) {
        List<List<T>> runs = new ArrayList<>();
        List<T> run = new ArrayList<>();
        int size = 0;
        for (T item : items) {
            int more = rows.applyAsInt(item);
            if (!run.isEmpty() && (size >= limits.enough || size + more > limits.most)) {
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

    /** Cuts {@code items} into micro-batches of at most {@code most} rows, or one longer item. */
    static <T> List<List<T>> microBatches(List<T> items, ToIntFunction<? super T> rows, int most) {
        return runs(items, rows, new Limits(most, most));
    }
}
