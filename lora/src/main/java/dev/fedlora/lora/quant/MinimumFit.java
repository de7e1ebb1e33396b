package dev.fedlora.lora.quant;

import java.util.Arrays;

/**
 * The whole numbers q in [0, {@code levels}], the scale s and the minimum m, at most 0, for which s q + m comes closest to
 * 32 values x: ggml's make_qkx2_quants for Q4_K and Q5_K. Candidates are the scales that spread the range from the best
 * m so far to the largest value over {@code levels + first + k / 10} steps; of each, s and m are the best ones for its q in the sense of least squares,
 * weighted with |x| + the root of the mean of x².
 *
 * <p>Sums run in single precision in ggml's order: another order would choose other candidates now and then.
 */
final class MinimumFit {
    static final int SIZE = 32;

    private final int levels;
    private final float first;
    private final int steps;
    private final float[] weights = new float[SIZE];
    private final int[] candidate = new int[SIZE];
    private final int[] best = new int[SIZE];
    private float scale;
    private float minimum;
    private float weightSum;
    private float valueSum;
    private float bestError;

    MinimumFit(int levels, float first, int steps) {
        this.levels = levels;
        this.first = first;
        this.steps = steps;
    }

    /** Returns s of the last fit. */
    float scale() {
        return scale;
    }

    /** Returns -m of the last fit. */
    float negatedMinimum() {
        return -minimum;
    }

    /** Writes q of the values from {@code from} on to {@code q} from {@code at} on. */
    void fit(float[] values, int from, int[] q, int at) {
        weigh(values, from);
        float lowest = values[from];
        float highest = values[from];
        for (int i = from + 1; i < from + SIZE; i++) {
            lowest = values[i] < lowest ? values[i] : lowest;
            highest = values[i] > highest ? values[i] : highest;
        }
        lowest = lowest > 0 ? 0 : lowest;
        minimum = lowest;
        scale = 0;
        Arrays.fill(best, 0);
        if (highest != lowest) {
            search(values, from, lowest, highest);
        }
        System.arraycopy(best, 0, q, at, SIZE);
    }

    private void weigh(float[] values, int from) {
        float squares = 0;
        for (int i = from; i < from + SIZE; i++) {
            squares += values[i] * values[i];
        }
        float root = (float) Math.sqrt(squares / SIZE); // the root of a float in double, rounded, is the nearest float
        weightSum = 0;
        valueSum = 0;
        for (int i = 0; i < SIZE; i++) {
            weights[i] = root + Math.abs(values[from + i]);
            weightSum += weights[i];
            valueSum += weights[i] * values[from + i];
        }
    }

    private void search(float[] values, int from, float lowest, float highest) {
        float inverse = levels / (highest - lowest);
        scale = 1 / inverse;
        round(values, from, inverse);
        bestError = error(values, from, scale, minimum);
        System.arraycopy(candidate, 0, best, 0, SIZE);
        for (int step = 0; step <= steps; step++) {
            // from the best minimum so far, not from the lowest value
            round(values, from, (first + 0.1f * step + levels) / (highest - minimum));
            improve(values, from);
        }
    }

    private void round(float[] values, int from, float inverse) {
        for (int i = 0; i < SIZE; i++) {
            int q = SuperBlockWriter.nearest(inverse * (values[from + i] - minimum));
            candidate[i] = Math.max(0, Math.min(levels, q));
        }
    }

    private float error(float[] values, int from, float s, float m) {
        float error = 0;
        for (int i = 0; i < SIZE; i++) {
            float difference = s * candidate[i] + m - values[from + i];
            error += weights[i] * (difference * difference);
        }
        return error;
    }

    private void improve(float[] values, int from) {
        float sum = 0;
        float squares = 0;
        float products = 0;
        for (int i = 0; i < SIZE; i++) {
            float weighted = weights[i] * candidate[i];
            sum += weighted;
            squares += weighted * candidate[i];
            products += weighted * values[from + i];
        }
        float determinant = weightSum * squares - sum * sum;
        if (!(determinant > 0)) {
            return;
        }
        float s = (weightSum * products - valueSum * sum) / determinant;
        float m = (squares * valueSum - sum * products) / determinant;
        if (m > 0) {
            m = 0;
            s = products / squares;
        }
        float error = error(values, from, s, m);
        if (error < bestError) {
            System.arraycopy(candidate, 0, best, 0, SIZE);
            bestError = error;
            scale = s;
            minimum = m;
        }
    }
}
