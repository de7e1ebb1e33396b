package dev.fedlora.lora.model;

import java.util.Arrays;

/**
 * Which gradient accumulator the rows of a batch add to: runs of whole sequences, each with one accumulator.
 *
 * <p>The base products run once over all R rows; only the small products of the LoRA factors' gradients run a segment at a
 * time. One segment gives the gradient of the batch, one segment a sequence gives per-example gradients, as
 * differentially private training needs them, at little more cost. Immutable and thread-safe.
 */
public final class Segments {
    private final TokenBatch batch;
    private final int[] firstSequence; // one more than segments: the last is S
    private final int[] accumulator;

    private Segments(TokenBatch batch, int[] firstSequence, int[] accumulator) {
        this.batch = batch;
        this.firstSequence = firstSequence;
        this.accumulator = accumulator;
    }

    /** Returns one segment over all rows, into accumulator 0. */
    public static Segments whole(TokenBatch batch) {
        return new Segments(batch, new int[] {0, batch.sequences()}, new int[] {0});
    }

    /**
     * Returns segments that put the gradient of sequence s into accumulator {@code accumulators[s]}. Neighbours with the
     * same accumulator share a segment.
     *
     * @throws IllegalArgumentException when there is not one number a sequence, or one is negative
     */
    public static Segments of(TokenBatch batch, int[] accumulators) {
        if (accumulators.length != batch.sequences()) {
            throw new IllegalArgumentException("a batch of %d sequences got %d accumulator numbers"
                    .formatted(batch.sequences(), accumulators.length));
        }
        int[] first = new int[accumulators.length + 1];
        int[] target = new int[accumulators.length];
        int count = 0;
        for (int s = 0; s < accumulators.length; s++) {
            if (accumulators[s] < 0) {
                throw new IllegalArgumentException("sequence " + s + " got accumulator " + accumulators[s]);
            }
            if (s == 0 || accumulators[s] != accumulators[s - 1]) {
                first[count] = s;
                target[count++] = accumulators[s];
            }
        }
        first[count] = accumulators.length;
        return new Segments(batch, Arrays.copyOf(first, count + 1), Arrays.copyOf(target, count));
    }

    /** Returns the number of segments. */
    public int count() {
        return accumulator.length;
    }

    /** Returns the accumulator of segment {@code segment}. */
    public int accumulator(int segment) {
        return accumulator[segment];
    }

    /** Returns the first sequence of segment {@code segment}. */
    public int firstSequence(int segment) {
        return firstSequence[segment];
    }

    /** Returns the sequence after the last one of segment {@code segment}. */
    public int endSequence(int segment) {
        return firstSequence[segment + 1];
    }

    /** Returns the first row of segment {@code segment}. */
    public int firstRow(int segment) {
        return batch.start(firstSequence[segment]);
    }

    /** Returns the rows of segment {@code segment}. */
    public int rows(int segment) {
        return batch.start(firstSequence[segment + 1]) - firstRow(segment);
    }

    /** Says whether these segments cut {@code other}. */
    boolean cuts(TokenBatch other) {
        return batch == other;
    }

    /** Returns the highest accumulator number. */
    int highestAccumulator() {
        return Arrays.stream(accumulator).max().orElse(0);
    }
}
