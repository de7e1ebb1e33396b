package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.crypto.MaskStream;
import dev.fedlora.aggregation.crypto.Secret;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Masks to be added to or taken from one vector. Each worker does all masks over a range of its own, so the result and
 * the memory are the same for any number of workers. Owns its keys: {@link #close()} wipes them. Not thread-safe.
 */
final class MaskBatch implements AutoCloseable {
    /** Shorter ranges cost more in key schedules than a second core saves. */
    private static final int LEAST_RANGE = 1 << 14;

    private final List<Secret> added = new ArrayList<>();
    private final List<Secret> subtracted = new ArrayList<>();

    void add(Secret key) {
        added.add(key);
    }

    void subtract(Secret key) {
        subtracted.add(key);
    }

    /** Applies all masks, on up to {@code workers} cores. */
    void applyTo(int[] vector, int workers) {
        int ranges = Math.max(1, Math.min(workers, vector.length / LEAST_RANGE));
        int blocks = (vector.length + MaskStream.BLOCK - 1) / MaskStream.BLOCK;
        IntStream each = IntStream.range(0, ranges);
        (ranges > 1 ? each.parallel() : each).forEach(range -> {
            int from = (int) ((long) blocks * range / ranges) * MaskStream.BLOCK;
            int to = Math.min(vector.length, (int) ((long) blocks * (range + 1) / ranges) * MaskStream.BLOCK);
            applyTo(vector, from, to);
        });
    }

    private void applyTo(int[] vector, int from, int to) {
        MaskStream masks = new MaskStream();
        for (Secret key : added) {
            masks.add(key, vector, from, to);
        }
        for (Secret key : subtracted) {
            masks.subtract(key, vector, from, to);
        }
    }

    @Override
    public void close() {
        added.forEach(Secret::close);
        subtracted.forEach(Secret::close);
    }
}
