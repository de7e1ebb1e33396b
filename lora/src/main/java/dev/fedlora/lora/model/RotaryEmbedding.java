package dev.fedlora.lora.model;

import dev.fedlora.lora.tensor.Rotation;

/**
 * Rotary positions of one model: the angle of pair i at position p is p · frequency_i, and all turned values are
 * multiplied by a magnitude that is 1 without YaRN.
 *
 * <p>The tables grow with the longest sequence seen and are shared by all passes. Thread-safe.
 */
final class RotaryEmbedding {
    // positions of the first table; a model's whole context can be a hundred thousand
    private static final int FIRST = 256;

    private final boolean halves;
    private final int headWidth;
    private final double[] frequencies; // radians a position, one for each pair
    private final double magnitude;
    private final int limit;
    private volatile Rotation table;

    RotaryEmbedding(boolean halves, int headWidth, double[] frequencies, double magnitude, int limit) {
        this.halves = halves;
        this.headWidth = headWidth;
        this.frequencies = frequencies;
        this.magnitude = magnitude;
        this.limit = limit;
        this.table = table(Math.min(FIRST, limit));
    }

    /** Returns tables of at least {@code positions} positions, at most the context limit. */
    Rotation covering(int positions) {
        Rotation known = table;
        if (known.positions() < positions) {
            int grown = (int) Math.min(limit, Math.max(positions, 2L * known.positions()));
            known = table(grown); // two threads may both make it: their tables are the same
            table = known;
        }
        return known;
    }

    private Rotation table(int positions) {
        int pairs = frequencies.length;
        int width = 2 * pairs;
        float[] cos = new float[positions * width];
        float[] sin = new float[positions * width];
        for (int p = 0; p < positions; p++) {
            for (int i = 0; i < pairs; i++) {
                double angle = p * frequencies[i];
                int first = p * width + (halves ? i : 2 * i);
                int second = first + (halves ? pairs : 1);
                cos[first] = (float) (Math.cos(angle) * magnitude);
                cos[second] = cos[first];
                sin[second] = (float) (Math.sin(angle) * magnitude);
                sin[first] = -sin[second];
            }
        }
        return new Rotation(halves, headWidth, width, cos, sin);
    }
}
