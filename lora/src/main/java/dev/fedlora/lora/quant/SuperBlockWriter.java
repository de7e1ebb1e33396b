package dev.fedlora.lora.quant;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Writes blocks of 256 values, laid out as {@link SuperBlocks} says: every group is fitted by itself, then the groups'
 * scales and minima are rounded to whole multiples of the block's d and m, then every q is chosen again for them.
 *
 * <p>Holds scratch memory: one thread at a time.
 */
final class SuperBlockWriter {
    /** Below this, ggml's GROUP_MAX_EPS, a group counts as zeros. */
    static final float ALL_ZERO = 1e-15f;

    // the scale and minimum of a group of Q4_K and Q5_K have 6 bits
    private static final int LARGEST_SCALE = 63;
    private static final int GROUPS_WITH_MINIMUM = 8;
    private static final int GROUPS = 16;
    // 1.5 · 2^23: a float added to it is rounded to a whole number, ties to even, in the low bits of the sum
    private static final float ROUNDER = 12582912f;

    private final MinimumFit fourBits = new MinimumFit(15, -1, 20);
    private final MinimumFit fiveBits = new MinimumFit(31, -0.5f, 15);
    private final SignedFit sixBits = new SignedFit();
    private final int[] q = new int[SuperBlocks.SIZE];
    private final float[] scales = new float[GROUPS];
    private final float[] minima = new float[GROUPS_WITH_MINIMUM];
    private final int[] wholeScales = new int[GROUPS];
    private final int[] wholeMinima = new int[GROUPS_WITH_MINIMUM];

    /** Returns the whole number nearest to {@code value}, ties to even; only for magnitudes below 2²². */
    static int nearest(float value) {
        return (Float.floatToRawIntBits(value + ROUNDER) & 0x007fffff) - 0x00400000;
    }

    void q4(float[] values, int from, ByteBuffer out) {
        putScales(values, from, fourBits, 15, out);
        for (int i = 0; i < SuperBlocks.SIZE; i += 64) {
            for (int j = i; j < i + 32; j++) {
                out.put((byte) (q[j] | q[j + 32] << 4));
            }
        }
    }

    void q5(float[] values, int from, ByteBuffer out) {
        putScales(values, from, fiveBits, 31, out);
        for (int i = 0; i < 32; i++) {
            int fifth = 0;
            for (int group = 0; group < GROUPS_WITH_MINIMUM; group++) {
                fifth |= (q[group * 32 + i] >> 4) << group;
            }
            out.put((byte) fifth);
        }
        for (int i = 0; i < SuperBlocks.SIZE; i += 64) {
            for (int j = i; j < i + 32; j++) {
                out.put((byte) (q[j] & 15 | (q[j + 32] & 15) << 4));
            }
        }
    }

    /** Writes d, m and the packed scales and minima; leaves the q for them. */
    private void putScales(float[] values, int from, MinimumFit fit, int levels, ByteBuffer out) {
        float largestScale = 0;
        float largestMinimum = 0;
        for (int group = 0; group < GROUPS_WITH_MINIMUM; group++) {
            fit.fit(values, from + group * 32, q, group * 32);
            scales[group] = fit.scale();
            minima[group] = fit.negatedMinimum();
            largestScale = scales[group] > largestScale ? scales[group] : largestScale;
            largestMinimum = minima[group] > largestMinimum ? minima[group] : largestMinimum;
        }
        wholes(scales, largestScale, wholeScales);
        wholes(minima, largestMinimum, wholeMinima);
        short d = Quantizer.half(largestScale / LARGEST_SCALE, from);
        short m = Quantizer.half(largestMinimum / LARGEST_SCALE, from);
        putPacked(out.putShort(d).putShort(m));
        for (int group = 0; group < GROUPS_WITH_MINIMUM; group++) {
            float scale = Half.toFloat(d) * wholeScales[group];
            if (scale != 0) {
                float minimum = Half.toFloat(m) * wholeMinima[group];
                for (int i = group * 32; i < group * 32 + 32; i++) {
                    q[i] = Math.max(0, Math.min(levels, nearest((values[from + i] + minimum) / scale)));
                }
            }
        }
    }

    private static void wholes(float[] values, float largest, int[] wholes) {
        float inverse = largest > 0 ? LARGEST_SCALE / largest : 0;
        for (int group = 0; group < GROUPS_WITH_MINIMUM; group++) {
            wholes[group] = Math.min(LARGEST_SCALE, nearest(inverse * values[group]) & 0xff);
        }
    }

    private void putPacked(ByteBuffer out) {
        for (int group = 0; group < 4; group++) {
            out.put((byte) (wholeScales[group] | wholeScales[group + 4] >> 4 << 6));
        }
        for (int group = 0; group < 4; group++) {
            out.put((byte) (wholeMinima[group] | wholeMinima[group + 4] >> 4 << 6));
        }
        for (int group = 4; group < 8; group++) {
            out.put((byte) (wholeScales[group] & 15 | (wholeMinima[group] & 15) << 4));
        }
    }

    void q6(float[] values, int from, ByteBuffer out) {
        float extreme = 0;
        for (int group = 0; group < GROUPS; group++) {
            scales[group] = sixBits.fit(values, from + group * SignedFit.SIZE, q, group * SignedFit.SIZE);
            if (Math.abs(scales[group]) > Math.abs(extreme)) {
                extreme = scales[group];
            }
        }
        if (Math.abs(extreme) < ALL_ZERO) {
            out.put(new byte[QuantizationType.Q6_K.blockBytes()]);
            return;
        }
        float inverse = -128f / extreme;
        short d = Quantizer.half(1 / inverse, from);
        for (int group = 0; group < GROUPS; group++) {
            wholeScales[group] = Math.min(127, nearest(inverse * scales[group]));
            float scale = Half.toFloat(d) * wholeScales[group];
            if (scale != 0) {
                for (int i = group * SignedFit.SIZE; i < (group + 1) * SignedFit.SIZE; i++) {
                    q[i] = Math.max(-32, Math.min(31, nearest(values[from + i] / scale))) + SignedFit.LEVELS;
                }
            }
        }
        putSixBits(d, out);
    }

    private void putSixBits(short d, ByteBuffer out) {
        for (int half = 0; half < SuperBlocks.SIZE; half += 128) {
            for (int i = half; i < half + 64; i++) {
                out.put((byte) (q[i] & 15 | (q[i + 64] & 15) << 4));
            }
        }
        for (int half = 0; half < SuperBlocks.SIZE; half += 128) {
            for (int i = half; i < half + 32; i++) {
                out.put((byte) (q[i] >> 4 | q[i + 32] >> 4 << 2 | q[i + 64] >> 4 << 4 | q[i + 96] >> 4 << 6));
            }
        }
        Arrays.stream(wholeScales).forEach(scale -> out.put((byte) scale));
        out.putShort(d);
    }
}
