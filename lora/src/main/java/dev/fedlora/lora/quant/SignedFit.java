package dev.fedlora.lora.quant;

import java.util.Arrays;

/**
 * The whole numbers q in [-32, 31] and the scale s for which s q comes closest to 16 values x: ggml's make_qx_quants for
 * Q6_K. Candidates are the scales that put the largest value on -32 + k / 10 for k from -9 to 9; of each, s is the best
 * one for its q in the sense of least squares, weighted with x².
 *
 * <p>Sums run in single precision in ggml's order: another order would choose other candidates now and then.
 */
final class SignedFit {
    static final int SIZE = 16;
    static final int LEVELS = 32;

    private final int[] candidate = new int[SIZE];
    private float crossSum;
    private float squareSum;

    /** Writes q + 32 of the values from {@code from} on to {@code q} from {@code at} on; returns the scale. */
    float fit(float[] values, int from, int[] q, int at) {
        float extreme = 0;
        for (int i = from; i < from + SIZE; i++) {
            if (Math.abs(values[i]) > Math.abs(extreme)) {
                extreme = values[i];
            }
        }
        if (Math.abs(extreme) < SuperBlockWriter.ALL_ZERO) {
            Arrays.fill(q, at, at + SIZE, 0);
            return 0;
        }
        tryOut(values, from, -LEVELS / extreme);
        keep(q, at);
        float scale = squareSum != 0 ? crossSum / squareSum : 0;
        float best = scale * crossSum;
        for (int step = -9; step <= 9; step++) {
            if (step == 0) {
                continue; // that was the first one
            }
            tryOut(values, from, -(LEVELS + 0.1f * step) / extreme);
            if (squareSum > 0 && crossSum * crossSum > best * squareSum) {
                keep(q, at);
                scale = crossSum / squareSum;
                best = scale * crossSum;
            }
        }
        return scale;
    }

    private void tryOut(float[] values, int from, float inverse) {
        crossSum = 0;
        squareSum = 0;
        for (int i = 0; i < SIZE; i++) {
            float x = values[from + i];
            int q = Math.max(-LEVELS, Math.min(LEVELS - 1, SuperBlockWriter.nearest(inverse * x)));
            candidate[i] = q;
            float weight = x * x;
            crossSum += weight * x * q;
            squareSum += weight * q * q;
        }
    }

    private void keep(int[] q, int at) {
        for (int i = 0; i < SIZE; i++) {
            q[at + i] = candidate[i] + LEVELS;
        }
    }
}
