package dev.fedlora.lora.tensor;

import static dev.fedlora.lora.tensor.VectorMath.F;
import static dev.fedlora.lora.tensor.VectorMath.LANES;

import jdk.incubator.vector.FloatVector;

/** The same on vectors; sums go lane by lane in float over {@link #PIECE} values and are added up in double. */
final class VectorExponentials implements Exponentials {
    private static final int PIECE = 1024;

    private final float[] lanes = new float[LANES];

    @Override
    public float largest(float[] v, int from, int count) {
        int end = from + count;
        int i = from;
        float largest = v[from];
        if (count >= LANES) {
            FloatVector max = FloatVector.fromArray(F, v, i);
            for (i += LANES; i <= end - LANES; i += LANES) {
                max = max.max(FloatVector.fromArray(F, v, i));
            }
            max.intoArray(lanes, 0);
            for (float lane : lanes) {
                largest = Math.max(largest, lane);
            }
        }
        for (; i < end; i++) {
            largest = Math.max(largest, v[i]);
        }
        return largest;
    }

    @Override
    public double exp(float[] v, int from, int count, float shift) {
        double sum = 0;
        for (int start = from; start < from + count; start += PIECE) {
            int piece = Math.min(PIECE, from + count - start);
            VectorMath.exp(v, start, piece, shift);
            sum += sum(v, start, piece);
        }
        return sum;
    }

    private double sum(float[] v, int from, int count) {
        FloatVector sums = FloatVector.zero(F);
        int end = from + count;
        int i = from;
        for (; i <= end - LANES; i += LANES) {
            sums = sums.add(FloatVector.fromArray(F, v, i));
        }
        sums.intoArray(lanes, 0);
        double sum = VectorMath.sum(lanes);
        for (; i < end; i++) {
            sum += v[i];
        }
        return sum;
    }
}
