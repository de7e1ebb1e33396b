package dev.fedlora.lora.train;

import java.util.SplittableRandom;

/**
 * Which examples are a round's turn: the data is shuffled again and again from one seed, the passes are laid end to end, and
 * each round takes the next stretch of the same length. Not thread-safe.
 */
public final class DataOrder {
    private final int examples;
    private final long seed;
    private long shuffledPass = -1;
    private int[] order = new int[0];

    /** Makes the order of {@code examples} examples, at least one. */
    public DataOrder(int examples, long seed) {
        this.examples = examples;
        this.seed = seed;
    }

    /** Returns the indices of round {@code round}, {@code share} of all, at least one. */
    public int[] round(int round, double share) {
        int length = Math.max(1, Math.toIntExact((long) Math.floor(examples * share)));
        int[] chosen = new int[length];
        long position = (long) round * length;
        for (int i = 0; i < length; i++, position++) {
            shuffle(position / examples);
            chosen[i] = order[(int) (position % examples)];
        }
        return chosen;
    }

    /** Fisher and Yates, from a generator of the pass's own. */
    private void shuffle(long pass) {
        if (pass == shuffledPass) {
            return;
        }
        shuffledPass = pass;
        order = new int[examples];
        SplittableRandom random = new SplittableRandom(new SplittableRandom(seed).nextLong() + pass);
        for (int i = 0; i < examples; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
    }
}
