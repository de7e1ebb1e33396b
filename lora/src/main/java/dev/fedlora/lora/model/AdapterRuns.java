package dev.fedlora.lora.model;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which sequences of a batch use which adapter: runs of whole sequences, each with one adapter or with the base model
 * alone. Their ranks, scales and targets may differ.
 *
 * <p>The base products run once over all R rows; only the small products of the LoRA factors run an adapter at a time. So
 * several adapters are served at once, or several clients' adapters trained at once, for little more than one of them costs
 * with the same rows (as in Chen et al., Punica, MLSys 2024, arXiv 2310.18547). Immutable and thread-safe.
 */
public final class AdapterRuns {
    private final TokenBatch batch;
    private final int[] firstSequence; // one more than runs: the last is S
    private final @Nullable BoundAdapter[] adapters;
    private final int lowestBlock;

    private AdapterRuns(TokenBatch batch, int[] firstSequence, @Nullable BoundAdapter[] adapters) {
        this.batch = batch;
        this.firstSequence = firstSequence;
        this.adapters = adapters;
        int lowest = Integer.MAX_VALUE;
        for (BoundAdapter adapter : adapters) {
            lowest = adapter == null ? lowest : Math.min(lowest, adapter.lowestBlock());
        }
        this.lowestBlock = lowest;
    }

    /**
     * Returns one run over all sequences.
     *
     * @param adapter null for the base model alone
     */
    public static AdapterRuns whole(TokenBatch batch, @Nullable BoundAdapter adapter) {
        return new AdapterRuns(batch, new int[] {0, batch.sequences()}, new BoundAdapter[] {adapter});
    }

    /**
     * Returns runs that give sequence s the adapter {@code adapters.get(s)}. Neighbours with the same adapter share a run.
     *
     * @param adapters all over the model that the batch is for; null for the base model alone
     * @throws IllegalArgumentException when there is not one for every sequence
     */
    public static AdapterRuns of(TokenBatch batch, List<? extends @Nullable BoundAdapter> adapters) {
        if (adapters.size() != batch.sequences()) {
            throw new IllegalArgumentException(
                    "a batch of %d sequences got %d adapters".formatted(batch.sequences(), adapters.size()));
        }
        int[] first = new int[adapters.size() + 1];
        @Nullable BoundAdapter[] each = new BoundAdapter[adapters.size()];
        int count = 0;
        for (int s = 0; s < each.length; s++) {
            if (s == 0 || adapters.get(s) != adapters.get(s - 1)) {
                first[count] = s;
                each[count++] = adapters.get(s);
            }
        }
        first[count] = each.length;
        return new AdapterRuns(batch, Arrays.copyOf(first, count + 1), Arrays.copyOf(each, count));
    }

    /** Returns the batch whose sequences these are. */
    public TokenBatch batch() {
        return batch;
    }

    /** Returns the number of runs. */
    public int count() {
        return adapters.length;
    }

    /** Returns the adapter of run {@code run}, or null for the base model alone. */
    public @Nullable BoundAdapter adapter(int run) {
        return adapters[run];
    }

    /** Returns the first sequence of run {@code run}. */
    public int firstSequence(int run) {
        return firstSequence[run];
    }

    /** Returns the sequence after the last one of run {@code run}. */
    public int endSequence(int run) {
        return firstSequence[run + 1];
    }

    /** Returns the first row of run {@code run}. */
    public int firstRow(int run) {
        return batch.start(firstSequence[run]);
    }

    /** Returns the rows of run {@code run}. */
    public int rows(int run) {
        return batch.start(firstSequence[run + 1]) - firstRow(run);
    }

    /** Returns the run of sequence {@code sequence}. */
    int runOf(int sequence) {
        int found = Arrays.binarySearch(firstSequence, sequence);
        return found >= 0 ? found : -found - 2;
    }

    /** Says whether a sequence has an adapter. */
    boolean hasAdapter() {
        return lowestBlock < Integer.MAX_VALUE;
    }

    /**
     * Returns the lowest block with factors of any adapter: backward goes no deeper. At least the number of blocks when there
     * are none.
     */
    int lowestBlock() {
        return lowestBlock;
    }

    /** Says whether any adapter has factors for layer number {@code layer} in block {@code block}. */
    boolean adapts(int block, int layer) {
        for (BoundAdapter adapter : adapters) {
            if (adapter != null && adapter.slot(block, layer) != null) {
                return true;
            }
        }
        return false;
    }

    /**
     * Checks where gradients are to go.
     *
     * @throws IllegalStateException when the segments cut another batch
     * @throws IllegalArgumentException when an accumulator is missing, holds another number of values than an adapter trains,
     *     or would take the gradients of sequences with different adapters
     */
    void requireFits(Segments segments, AdapterGradients gradients) {
        if (!segments.cuts(batch)) {
            throw new IllegalStateException("the segments are not those of the batch of the last forward pass");
        }
        if (segments.highestAccumulator() >= gradients.accumulators()) {
            throw new IllegalArgumentException("segments use accumulator %d, there are %d"
                    .formatted(segments.highestAccumulator(), gradients.accumulators()));
        }
        for (int run = 0; run < adapters.length; run++) {
            BoundAdapter adapter = adapters[run];
            if (adapter != null && adapter.parameterCount() != gradients.parameters()) {
                throw new IllegalArgumentException(
                        "the adapter of sequence %d has %d trained values, the accumulators hold %d"
                                .formatted(firstSequence[run], adapter.parameterCount(), gradients.parameters()));
            }
        }
        if (adapters.length > 1) {
            requireOneAdapterEach(segments, gradients.accumulators());
        }
    }

    private void requireOneAdapterEach(Segments segments, int accumulators) {
        int[] firstUser = new int[accumulators]; // a sequence
        Arrays.fill(firstUser, -1);
        for (int i = 0; i < segments.count(); i++) {
            int accumulator = segments.accumulator(i);
            firstUser[accumulator] = firstUser[accumulator] < 0 ? segments.firstSequence(i) : firstUser[accumulator];
            BoundAdapter owner = adapters[runOf(firstUser[accumulator])];
            int last = segments.endSequence(i) - 1;
            for (int run = runOf(segments.firstSequence(i)); run <= runOf(last); run++) {
                if (adapters[run] != owner) {
                    throw new IllegalArgumentException(
                            "accumulator %d takes the gradients of sequences %d and %d, which have different adapters; each adapter needs accumulators of its own"
                                    .formatted(
                                            accumulator,
                                            firstUser[accumulator],
                                            Math.max(firstSequence[run], segments.firstSequence(i))));
                }
            }
        }
    }

    @Override
    public String toString() {
        return "%d runs of adapters over %d sequences".formatted(count(), batch.sequences());
    }
}
