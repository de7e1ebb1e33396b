package dev.fedlora.lora.tensor;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Elementary functions on vectors and, for the ends of rows, on single values: the same operations, fused
 * multiply-adds included, in the same order, so that a value's result depends neither on where it stands nor on whether the code is compiled
 * yet. (The Vector API's own EXP and its sums over lanes promise neither.)
 *
 * <p>No method takes or gives a vector: one that the compiler happens to compile by itself would pass it through the heap,
 * and be ten times slower from then on.
 */
final class VectorMath {
    // at most 16 lanes, so that half a block of 32 values is a whole number of vectors
    static final VectorSpecies<Float> F =
            FloatVector.SPECIES_PREFERRED.length() > 16 ? FloatVector.SPECIES_512 : FloatVector.SPECIES_PREFERRED;
    static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, F.vectorShape());
    static final int LANES = lanes();

    // exp: Cephes expf (Moshier), relative error 2^-23; n = round(x / ln 2), r = x - n ln 2 in two parts
    private static final float LOWEST = -87.33f; // e^x below it is subnormal, taken as 0
    private static final float HIGHEST = 88.3f; // above it 2^n would need the exponent of infinity
    private static final float LOG2_E = 1.44269504f;
    private static final float ROUNDER = 12582912f; // 1.5 · 2^23: adding it rounds to an integer in the low bits
    private static final int ROUNDER_BITS = 0x4b400000;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    private static final float E0 = 1.9875691500e-4f;
    private static final float E1 = 1.3981999507e-3f;
    private static final float E2 = 8.3334519073e-3f;
    private static final float E3 = 4.1665795894e-2f;
    private static final float E4 = 1.6666665459e-1f;
    private static final float E5 = 5.0000001201e-1f;

    // erfc: Abramowitz and Stegun 7.1.26, absolute error 1.5e-7
    private static final float P = 0.3275911f;
    private static final float A1 = 0.254829592f;
    private static final float A2 = -0.284496736f;
    private static final float A3 = 1.421413741f;
    private static final float A4 = -1.453152027f;
    private static final float A5 = 1.061405429f;
    private static final float SQRT_HALF = (float) Math.sqrt(0.5);

    private VectorMath() {}

    private static int lanes() {
        if (F.length() < 4) {
            throw new UnsupportedOperationException("this JVM has no vectors of 128 bits or more on this processor");
        }
        return F.length();
    }

    /** v = exp(v - shift). */
    static void exp(float[] v, int from, int count, float shift) {
        FloatVector log2 = FloatVector.broadcast(F, LOG2_E);
        FloatVector rounder = FloatVector.broadcast(F, ROUNDER);
        FloatVector ln2High = FloatVector.broadcast(F, -LN2_HIGH);
        FloatVector ln2Low = FloatVector.broadcast(F, -LN2_LOW);
        FloatVector e0 = FloatVector.broadcast(F, E0);
        FloatVector e1 = FloatVector.broadcast(F, E1);
        FloatVector e2 = FloatVector.broadcast(F, E2);
        FloatVector e3 = FloatVector.broadcast(F, E3);
        FloatVector e4 = FloatVector.broadcast(F, E4);
        FloatVector e5 = FloatVector.broadcast(F, E5);
        int end = from + count;
        int i = from;
        for (; i <= end - LANES; i += LANES) {
            FloatVector x = FloatVector.fromArray(F, v, i).sub(shift);
            FloatVector in = x.max(LOWEST).min(HIGHEST);
            FloatVector shifted = in.fma(log2, rounder);
            FloatVector n = shifted.sub(ROUNDER);
            FloatVector r = n.fma(ln2Low, n.fma(ln2High, in));
            FloatVector p = r.fma(e0, e1).fma(r, e2).fma(r, e3).fma(r, e4).fma(r, e5);
            FloatVector mantissa = p.mul(r).fma(r, r).add(1f);
            IntVector exponent =
                    shifted.reinterpretAsInts().sub(ROUNDER_BITS - 127).lanewise(VectorOperators.LSHL, 23);
            mantissa.mul(exponent.reinterpretAsFloats()).blend(0f, x.lt(LOWEST)).intoArray(v, i);
        }
        for (; i < end; i++) {
            v[i] = exp(v[i] - shift);
        }
    }

    private static float exp(float x) {
        if (x < LOWEST) {
            return 0;
        }
        float in = Math.min(Math.max(x, LOWEST), HIGHEST);
        float shifted = Math.fma(in, LOG2_E, ROUNDER);
        float n = shifted - ROUNDER;
        float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, in));
        float p = Math.fma(Math.fma(Math.fma(Math.fma(Math.fma(r, E0, E1), r, E2), r, E3), r, E4), r, E5);
        float mantissa = Math.fma(p * r, r, r) + 1f;
        return mantissa * Float.intBitsToFloat(Float.floatToRawIntBits(shifted) - (ROUNDER_BITS - 127) << 23);
    }

    /**
     * Half the probability that a standard normal variable is further from 0 than x: erfc(|x| / sqrt 2) / 2.
     *
     * @param powers exp(-x² / 2) of the same values, from index 0
     * @param tails the result, from index 0
     */
    static void normalTails(float[] x, int from, int count, float[] powers, float[] tails) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector z = FloatVector.fromArray(F, x, from + i).mul(SQRT_HALF).abs();
            FloatVector t = FloatVector.broadcast(F, 1f).div(z.mul(P).add(1f));
            FloatVector p =
                    t.mul(A5).add(A4).mul(t).add(A3).mul(t).add(A2).mul(t).add(A1);
            p.mul(t).mul(FloatVector.fromArray(F, powers, i)).mul(0.5f).intoArray(tails, i);
        }
        for (; i < count; i++) {
            float z = Math.abs(x[from + i] * SQRT_HALF);
            float t = 1f / (z * P + 1f);
            float p = (((A5 * t + A4) * t + A3) * t + A2) * t + A1;
            tails[i] = p * t * powers[i] * 0.5f;
        }
    }

    /** Returns the sum of the lanes, first to last, in double. */
    static double sum(float[] lanes) {
        double sum = 0;
        for (float lane : lanes) {
            sum += lane;
        }
        return sum;
    }
}
