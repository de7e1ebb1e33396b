package dev.fedlora.aggregation.secagg;

import java.util.List;

/**
 * What a finished round gives: the exact sum modulo 2^32 of the survivors' ring vectors. Immutable; the sum is never
 * printed.
 */
public final class Outcome {
    private final int[] sum;
    private final List<Long> survivors;
    private final List<Long> blamed;

    Outcome(int[] sum, List<Long> survivors, List<Long> blamed) {
        this.sum = sum;
        this.survivors = List.copyOf(survivors);
        this.blamed = List.copyOf(blamed);
    }

    /** Returns a copy of the sum, one element a coordinate. */
    public int[] sum() {
        return sum.clone();
    }

    /** Returns the ids of the clients whose vectors are in the sum, ascending. */
    public List<Long> survivors() {
        return survivors;
    }

    /** Returns the ids of clients that revealed wrong shares, ascending; the sum is exact all the same. */
    public List<Long> blamed() {
        return blamed;
    }

    /** Names the sizes only. */
    @Override
    public String toString() {
        return "Outcome[" + sum.length + " coordinates, survivors " + survivors + ", blamed " + blamed + "]";
    }
}
