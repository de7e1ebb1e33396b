package dev.fedlora.lora.train;

import dev.fedlora.lora.model.AdapterGradients;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * A sum of the shards' gradients, in the order of the shards whichever is done first, so that its bits do not depend on
 * threads. Beside the sum there is a vector for every shard that is being computed or waits for one before it: about two a
 * thread where shards take about as long, and never more than a batch has shards. Vectors are reused. Thread-safe.
 */
final class OrderedSum {
    private final float[] sum;
    private final Deque<AdapterGradients> spare = new ArrayDeque<>();
    private final Map<Integer, AdapterGradients> early = new HashMap<>();
    private int next;

    OrderedSum(int parameters) {
        this.sum = new float[parameters];
    }

    /** Returns P values: the sum of what was added since {@link #reset}. */
    float[] values() {
        return sum;
    }

    synchronized void reset() {
        Arrays.fill(sum, 0);
        spare.addAll(early.values()); // of a step that was interrupted
        early.clear();
        next = 0;
    }

    /** Returns an accumulator of zeros, to be given back to {@link #add}. */
    AdapterGradients take() {
        AdapterGradients taken;
        synchronized (this) {
            taken = spare.poll();
        }
        AdapterGradients gradients = taken == null ? new AdapterGradients(sum.length) : taken;
        gradients.reset(1);
        return gradients;
    }

    /** Adds the gradient of shard {@code number}, counted from 0, as soon as all before it have been added. */
    synchronized void add(int number, AdapterGradients gradients) {
        early.put(number, gradients);
        for (AdapterGradients due = early.remove(next); due != null; due = early.remove(next)) {
            float[] part = due.values(0);
            for (int i = 0; i < sum.length; i++) {
                sum[i] += part[i];
            }
            spare.add(due);
            next++;
        }
    }
}
