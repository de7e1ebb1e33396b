package dev.fedlora.lora.tokenizer;

import java.util.PriorityQueue;

/**
 * The symbols of a text in their order, of which neighbours are merged: of all pairs that may be merged the best ranked
 * first, among equals the leftmost. Not thread-safe.
 *
 * <p>Cost: O(n log n) for n symbols; each merge asks for two new pairs.
 */
final class SymbolChain {
    private static final int NONE = -1;

    private final int[] starts;
    private final int[] ends;
    private final int[] values;
    private final int[] before;
    private final int[] after;
    private int size;

    /** Which pairs of neighbours may be merged. */
    interface Pairs {
        /** Says that two symbols are not to be merged. */
        long NO_PAIR = -1;

        /** Returns what becomes of a pair, of {@link #of}, or {@link #NO_PAIR}. */
        long find(Pair pair);

        /** Returns the answer for a pair that is merged: lower ranks are merged earlier. */
        static long of(int rank, int value) {
            return (long) rank << 32 | value & 0xffffffffL;
        }
    }

    /** Two neighbours: the text from {@code start} to {@code end}, cut at {@code middle}, and what they were added as. */
    record Pair(int start, int middle, int end, int leftValue, int rightValue) {}

    private record Candidate(int rank, int left, int middle, int end, int value) implements Comparable<Candidate> {
        @Override
        public int compareTo(Candidate other) {
            return rank != other.rank ? Integer.compare(rank, other.rank) : Integer.compare(left, other.left);
        }
    }

    /** Makes an empty chain of room for {@code capacity} symbols. */
    SymbolChain(int capacity) {
        starts = new int[capacity];
        ends = new int[capacity];
        values = new int[capacity];
        before = new int[capacity];
        after = new int[capacity];
    }

    /** Adds a symbol at the end, which stands for the text from {@code start} to {@code end}. */
    void add(int start, int end, int value) {
        starts[size] = start;
        ends[size] = end;
        values[size] = value;
        before[size] = size - 1;
        after[size] = NONE;
        if (size > 0) {
            after[size - 1] = size;
        }
        size++;
    }

    /** Merges until no pair is left that may be merged. */
    void merge(Pairs pairs) {
        PriorityQueue<Candidate> queue = new PriorityQueue<>();
        for (int left = 0; left < size - 1; left++) {
            offer(left, pairs, queue);
        }
        for (Candidate next = queue.poll(); next != null; next = queue.poll()) {
            int left = next.left();
            int right = after[left];
            if (ends[left] != next.middle() || right == NONE || ends[right] != next.end()) {
                continue; // one of the two has been merged with another since
            }
            ends[left] = ends[right];
            ends[right] = NONE;
            values[left] = next.value();
            after[left] = after[right];
            if (after[left] != NONE) {
                before[after[left]] = left;
            }
            if (before[left] != NONE) {
                offer(before[left], pairs, queue);
            }
            offer(left, pairs, queue);
        }
    }

    /** Returns the first symbol, -1 when there is none. */
    int first() {
        return size == 0 ? NONE : 0;
    }

    /** Returns the symbol after {@code symbol}, -1 when it is the last. */
    int next(int symbol) {
        return after[symbol];
    }

    int start(int symbol) {
        return starts[symbol];
    }

    int end(int symbol) {
        return ends[symbol];
    }

    int value(int symbol) {
        return values[symbol];
    }

    private void offer(int left, Pairs pairs, PriorityQueue<Candidate> queue) {
        int right = after[left];
        if (right == NONE) {
            return;
        }
        long found = pairs.find(new Pair(starts[left], ends[left], ends[right], values[left], values[right]));
        if (found != Pairs.NO_PAIR) {
            queue.add(new Candidate((int) (found >> 32), left, ends[left], ends[right], (int) found));
        }
    }
}
