package dev.fedlora.lora.model;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Draws tokens as {@link Sampling} says. Not thread-safe: one for each text. */
final class Sampler {
    private final Sampling sampling;
    private final SplittableRandom random;
    private int[] candidates = new int[0];
    private double[] probabilities = new double[0];

    Sampler(Sampling sampling) {
        this.sampling = sampling;
        this.random = new SplittableRandom(sampling.seed());
    }

    /** Returns the next token by the first {@code count} logits, all finite. */
    int next(float[] logits, int count) {
        int best = likeliest(logits, count);
        if (sampling.temperature() == 0) {
            return best;
        }
        int left = topK(logits, count);
        softmax(logits, left, 1);
        left = minP(topP(left));
        softmax(logits, left, sampling.temperature());
        double draw = random.nextDouble();
        for (int i = 0; i < left; i++) {
            draw -= probabilities[i];
            if (draw < 0) {
                return candidates[i];
            }
        }
        return best; // roundings left a rest of the probability
    }

    private static int likeliest(float[] logits, int count) {
        int best = 0;
        for (int i = 0; i < count; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    /** Fills the candidates, likeliest first, and returns how many there are. */
    private int topK(float[] logits, int count) {
        int k = sampling.topK() == 0 ? count : Math.min(sampling.topK(), count);
        if (candidates.length < k) {
            candidates = new int[k];
            probabilities = new double[k];
        }
        if (k == count) {
            sorted(logits, count);
            return k;
        }
        int size = 0;
        for (int token = 0; token < count; token++) { // insertion: most tokens are below the last of the k
            if (size == k && logits[token] <= logits[candidates[k - 1]]) {
                continue;
            }
            int at = size < k ? size++ : k - 1;
            for (; at > 0 && logits[candidates[at - 1]] < logits[token]; at--) {
                candidates[at] = candidates[at - 1];
            }
            candidates[at] = token;
        }
        return k;
    }

    private void sorted(float[] logits, int count) {
        long[] keys = new long[count];
        for (int i = 0; i < count; i++) {
            int bits = Float.floatToIntBits(logits[i]);
            int ascending = bits < 0 ? ~bits : bits ^ Integer.MIN_VALUE; // as an unsigned number
            keys[i] = (~ascending & 0xffffffffL) << 31 | i; // the largest first, of equals the first token
        }
        Arrays.sort(keys);
        for (int i = 0; i < count; i++) {
            candidates[i] = (int) (keys[i] & Integer.MAX_VALUE);
        }
    }

    private void softmax(float[] logits, int count, double temperature) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            probabilities[i] = Math.exp((logits[candidates[i]] - (double) logits[candidates[0]]) / temperature);
            sum += probabilities[i];
        }
        for (int i = 0; i < count; i++) {
            probabilities[i] /= sum;
        }
    }

    private int topP(int count) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += probabilities[i];
            if (sum >= sampling.topP()) {
                return i + 1;
            }
        }
        return count;
    }

    private int minP(int count) {
        int left = 1;
        while (left < count && probabilities[left] >= sampling.minP() * probabilities[0]) {
            left++;
        }
        return left;
    }
}
