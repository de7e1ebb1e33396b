package dev.fedlora.lora.tokenizer;

import java.util.Arrays;

/** A map from pairs of symbols to what {@link SymbolChain.Pairs} answers; the first answer put for a pair stays. */
final class PairTable {
    private final long[] keys;
    private final long[] answers;
    private final int mask;

    /** Makes an empty table for {@code pairs} pairs. */
    PairTable(int pairs) {
        int slots = Integer.highestOneBit(Math.max(2, pairs)) << 2; // at most half full
        this.keys = new long[slots];
        this.answers = new long[slots];
        this.mask = slots - 1;
        Arrays.fill(answers, SymbolChain.Pairs.NO_PAIR);
    }

    void put(int left, int right, long answer) {
        int slot = slot(left, right);
        if (answers[slot] == SymbolChain.Pairs.NO_PAIR) {
            keys[slot] = key(left, right);
            answers[slot] = answer;
        }
    }

    long find(int left, int right) {
        return answers[slot(left, right)];
    }

    /** Returns where the pair is, or the free slot where it would be put. */
    private int slot(int left, int right) {
        long key = key(left, right);
        int slot = (int) (key * 0x9E3779B97F4A7C15L >>> 33) & mask; // Knuth's multiplicative hash, 2^64 / golden ratio
        while (answers[slot] != SymbolChain.Pairs.NO_PAIR && keys[slot] != key) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    private static long key(int left, int right) {
        return (long) left << 32 | right;
    }
}
