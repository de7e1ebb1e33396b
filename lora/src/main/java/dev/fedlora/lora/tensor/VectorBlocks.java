package dev.fedlora.lora.tensor;

import static dev.fedlora.lora.tensor.VectorWeights.B;

import dev.fedlora.lora.quant.QuantizationType;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Takes blocks apart: one signed byte a value, one scale and one minimum a group of values, so that for every type
 *
 * <pre>
 * value_i = q_i scale_g - minimum_g,   g = i / group
 * </pre>
 *
 * to the bit as {@link dev.fedlora.lora.quant.Dequantizer} computes it: (q d) + m is (q d) - (-m), and what has no minimum
 * has 0, which changes nothing. What is left to do is the same for every type.
 *
 * <p>Vectors of bytes have one width here, {@link VectorWeights#B}: from the moment when a process has used two widths, all
 * of it is several times slower. Their bits are moved in lanes of 32 and masked, because processors shift no bytes. What
 * vectors would gain little for is taken apart eight bytes at a time in a long. No vector is passed to a method. Holds
 * scratch memory: one thread at a time.
 */
final class VectorBlocks {
    /** Values at a time: bytes, groups and results of so many stay in a level 1 cache. */
    static final int MOST = 2048;

    private static final float[] NONE = new float[MOST / 16];
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final long ONES = 0x0101010101010101L;
    private static final long LOW_NIBBLES = 15 * ONES;
    private static final long LOW_PAIRS = 3 * ONES;
    private static final long SIGNS = 0x8080808080808080L;
    private static final long EVEN_BYTES = 0x00ff00ff00ff00ffL;

    // for 8 fifth bits, 8 bytes to be added to the low nibbles: q - 16 and q
    private static final long[] FIFTH_LESS_16 = spread(0xf0, 0);
    private static final long[] FIFTH = spread(0, 0x10);

    private final byte[] q = new byte[MOST];
    private final float[] scales = new float[MOST / 16];
    private final float[] minima = new float[MOST / 16];
    private final short[] halves = new short[MOST / 16];
    private final float[] d = new float[MOST / 16];
    private final float[] m = new float[MOST / 16];
    private float[] usedMinima = NONE;
    private int groupShift;

    /** Returns q of every value. */
    byte[] q() {
        return q;
    }

    /** Returns the scale of every group. */
    float[] scales() {
        return scales;
    }

    /** Returns the minimum of every group. */
    float[] minima() {
        return usedMinima;
    }

    /** Returns the binary logarithm of the number of values in a group: 4, 5 or 8. */
    int groupShift() {
        return groupShift;
    }

    /** Says whether all of the first {@code count} values will be finite: finite scales are far too small to overflow. */
    boolean isFinite(int count) {
        float zero = 0;
        for (int g = 0; g < count >> groupShift; g++) {
            zero += scales[g] * 0 + usedMinima[g] * 0;
        }
        return zero == 0;
    }

    /**
     * Takes apart the blocks of {@code count} values, at most {@link #MOST}, that {@code in} starts with.
     *
     * @throws IllegalArgumentException when the type has no blocks or none that hold weights
     */
    void unpack(QuantizationType type, byte[] in, int count) {
        int blocks = count / type.blockSize();
        groupShift = 5;
        usedMinima = NONE;
        switch (type) {
            case Q8_0 -> q8(in, blocks);
            case Q4_0 -> nibbles(in, blocks, 2, 18, 8);
            case Q4_1 -> nibbles(in, blocks, 4, 20, 0);
            case Q5_0 -> fiveBits(in, blocks, 2, 22, FIFTH_LESS_16);
            case Q5_1 -> fiveBits(in, blocks, 4, 24, FIFTH);
            case Q2_K -> q2(in, blocks);
            case Q3_K -> q3(in, blocks);
            case Q4_K -> q4(in, blocks);
            case Q5_K -> q5(in, blocks);
            case Q6_K -> q6(in, blocks);
            case TQ1_0 -> tq1(in, blocks);
            case TQ2_0 -> tq2(in, blocks);
            case F32, F16, BF16, Q8_K ->
                throw new IllegalArgumentException("type " + type + " cannot be dequantized by this version");
        }
    }

    /** Reads a binary16 from each block. */
    private void halves(byte[] in, int blocks, int at, int stride, float[] out) {
        for (int b = 0; b < blocks; b++) {
            halves[b] = (short) SHORT.get(in, b * stride + at);
        }
        VectorWeights.f16(halves, blocks, out, 0);
    }

    /** Scales, and minima where a block starts with two binary16 values. */
    private void smallScales(byte[] in, int blocks, int header, int stride) {
        halves(in, blocks, 0, stride, scales);
        if (header == 4) {
            halves(in, blocks, 2, stride, minima);
            for (int b = 0; b < blocks; b++) {
                minima[b] = -minima[b];
            }
            usedMinima = minima;
        }
    }

    private void q8(byte[] in, int blocks) {
        smallScales(in, blocks, 2, 34);
        for (int b = 0; b < blocks; b++) {
            int from = b * 34 + 2;
            int to = b * 32;
            LONG.set(q, to, (long) LONG.get(in, from));
            LONG.set(q, to + 8, (long) LONG.get(in, from + 8));
            LONG.set(q, to + 16, (long) LONG.get(in, from + 16));
            LONG.set(q, to + 24, (long) LONG.get(in, from + 24));
        }
    }

    private void nibbles(byte[] in, int blocks, int header, int stride, int less) {
        smallScales(in, blocks, header, stride);
        byte add = (byte) -less;
        for (int b = 0; b < blocks; b++) {
            for (int i = 0; i < 16; i += B.length()) {
                ByteVector pairs = ByteVector.fromArray(B, in, b * stride + header + i);
                ByteVector high = pairs.reinterpretAsInts()
                        .lanewise(VectorOperators.LSHR, 4)
                        .reinterpretAsBytes();
                pairs.and((byte) 15).add(add).intoArray(q, b * 32 + i);
                high.and((byte) 15).add(add).intoArray(q, b * 32 + 16 + i);
            }
        }
    }

    /** Subtracts {@code less} from each of eight bytes of 0 to 127: the borrowed top bit keeps them apart. */
    private static long minus(long bytes, int less) {
        return (bytes | SIGNS) - less * ONES ^ SIGNS;
    }

    private void fiveBits(byte[] in, int blocks, int header, int stride, long[] fifth) {
        smallScales(in, blocks, header, stride);
        for (int b = 0; b < blocks; b++) {
            int bits = (int) INT.get(in, b * stride + header);
            long first = (long) LONG.get(in, b * stride + header + 4);
            long second = (long) LONG.get(in, b * stride + header + 12);
            LONG.set(q, b * 32, first & LOW_NIBBLES | fifth[bits & 255]);
            LONG.set(q, b * 32 + 8, second & LOW_NIBBLES | fifth[bits >>> 8 & 255]);
            LONG.set(q, b * 32 + 16, first >>> 4 & LOW_NIBBLES | fifth[bits >>> 16 & 255]);
            LONG.set(q, b * 32 + 24, second >>> 4 & LOW_NIBBLES | fifth[bits >>> 24]);
        }
    }

    /** For every byte, its bits as eight bytes. */
    private static long[] spread(long clear, long set) {
        long[] table = new long[256];
        for (int bits = 0; bits < 256; bits++) {
            for (int i = 0; i < 8; i++) {
                table[bits] |= ((bits >> i & 1) == 1 ? set : clear) << 8 * i;
            }
        }
        return table;
    }

    private void q2(byte[] in, int blocks) {
        halves(in, blocks, 80, 84, d);
        halves(in, blocks, 82, 84, m);
        groupShift = 4;
        usedMinima = minima;
        for (int b = 0; b < blocks; b++) {
            for (int g = 0; g < 16; g++) {
                int pair = in[b * 84 + g];
                scales[b * 16 + g] = d[b] * (pair & 15);
                minima[b * 16 + g] = m[b] * (pair >> 4 & 15);
            }
            pairsOfBits(in, b * 84 + 16, b * 256, 0);
        }
    }

    private void tq2(byte[] in, int blocks) {
        halves(in, blocks, 64, 66, scales);
        groupShift = 8;
        for (int b = 0; b < blocks; b++) {
            pairsOfBits(in, b * 66, b * 256, 1);
        }
    }

    /** 64 bytes: of each 32, the lowest two bits of all, then the next two. */
    private void pairsOfBits(byte[] in, int from, int to, int less) {
        for (int i = 0; i < 64; i += 8) {
            int at = to + (i >> 5) * 128 + (i & 31);
            long bytes = (long) LONG.get(in, from + i);
            LONG.set(q, at, minus(bytes & LOW_PAIRS, less));
            LONG.set(q, at + 32, minus(bytes >>> 2 & LOW_PAIRS, less));
            LONG.set(q, at + 64, minus(bytes >>> 4 & LOW_PAIRS, less));
            LONG.set(q, at + 96, minus(bytes >>> 6 & LOW_PAIRS, less));
        }
    }

    private void q3(byte[] in, int blocks) {
        halves(in, blocks, 108, 110, d);
        groupShift = 4;
        for (int b = 0; b < blocks; b++) {
            int packed = b * 110 + 96;
            for (int g = 0; g < 16; g++) {
                int low = in[packed + (g & 7)] >> (g >> 3) * 4 & 15;
                int high = in[packed + 8 + (g & 3)] >> (g >> 2) * 2 & 3;
                scales[b * 16 + g] = d[b] * ((low | high << 4) - 32);
            }
            for (int i = 0; i < 64; i += 8) {
                int at = b * 256 + (i >> 5) * 128 + (i & 31);
                long bytes = (long) LONG.get(in, b * 110 + 32 + i);
                // third bits: of the first 128 values in the low nibbles, of the others in the high ones
                long thirds = (long) LONG.get(in, b * 110 + (i & 31)) >>> (i >> 5) * 4;
                LONG.set(q, at, minus(bytes & LOW_PAIRS | (thirds & ONES) << 2, 4));
                LONG.set(q, at + 32, minus(bytes >>> 2 & LOW_PAIRS | (thirds >>> 1 & ONES) << 2, 4));
                LONG.set(q, at + 64, minus(bytes >>> 4 & LOW_PAIRS | (thirds >>> 2 & ONES) << 2, 4));
                LONG.set(q, at + 96, minus(bytes >>> 6 & LOW_PAIRS | (thirds >>> 3 & ONES) << 2, 4));
            }
        }
    }

    /** Scales and minima of 6 bits, 8 of each in 12 bytes from {@code packed} on: four at a time in the bytes of an int. */
    private void sixBitScales(byte[] in, int packed, int block) {
        int first = (int) INT.get(in, packed);
        int second = (int) INT.get(in, packed + 4);
        int third = (int) INT.get(in, packed + 8);
        int lateScales = third & 0x0f0f0f0f | (first >>> 6 & 0x03030303) << 4;
        int lateMinima = third >>> 4 & 0x0f0f0f0f | (second >>> 6 & 0x03030303) << 4;
        float scale = d[block];
        float minimum = m[block];
        for (int g = 0; g < 4; g++) {
            int to = block * 8 + g;
            int shift = 8 * g;
            scales[to] = scale * (first >>> shift & 63);
            minima[to] = minimum * (second >>> shift & 63);
            scales[to + 4] = scale * (lateScales >>> shift & 63);
            minima[to + 4] = minimum * (lateMinima >>> shift & 63);
        }
    }

    private void q4(byte[] in, int blocks) {
        halves(in, blocks, 0, 144, d);
        halves(in, blocks, 2, 144, m);
        usedMinima = minima;
        for (int b = 0; b < blocks; b++) {
            sixBitScales(in, b * 144 + 4, b);
            for (int i = 0; i < 128; i += B.length()) {
                int at = b * 256 + (i >> 5) * 64 + (i & 31);
                ByteVector pairs = ByteVector.fromArray(B, in, b * 144 + 16 + i);
                ByteVector high = pairs.reinterpretAsInts()
                        .lanewise(VectorOperators.LSHR, 4)
                        .reinterpretAsBytes();
                pairs.and((byte) 15).intoArray(q, at);
                high.and((byte) 15).intoArray(q, at + 32);
            }
        }
    }

    private void q5(byte[] in, int blocks) {
        halves(in, blocks, 0, 176, d);
        halves(in, blocks, 2, 176, m);
        usedMinima = minima;
        for (int b = 0; b < blocks; b++) {
            sixBitScales(in, b * 176 + 4, b);
            for (int i = 0; i < 128; i += 8) {
                int at = b * 256 + (i >> 5) * 64 + (i & 31);
                long pairs = (long) LONG.get(in, b * 176 + 48 + i);
                // bit 2 i / 32 of every byte for the low nibbles, the next one for the high nibbles
                long fifths = (long) LONG.get(in, b * 176 + 16 + (i & 31)) >>> (i >> 5) * 2;
                LONG.set(q, at, pairs & LOW_NIBBLES | (fifths & ONES) << 4);
                LONG.set(q, at + 32, pairs >>> 4 & LOW_NIBBLES | (fifths >>> 1 & ONES) << 4);
            }
        }
    }

    private void q6(byte[] in, int blocks) {
        halves(in, blocks, 208, 210, d);
        groupShift = 4;
        for (int b = 0; b < blocks; b++) {
            for (int g = 0; g < 16; g++) {
                scales[b * 16 + g] = d[b] * in[b * 210 + 192 + g];
            }
            for (int i = 0; i < 64; i += B.length()) {
                int at = b * 256 + (i >> 5) * 128 + (i & 31);
                int low = b * 210 + (i >> 5) * 64 + (i & 31);
                ByteVector first = ByteVector.fromArray(B, in, low);
                ByteVector second = ByteVector.fromArray(B, in, low + 32);
                IntVector highs = ByteVector.fromArray(B, in, b * 210 + 128 + i).reinterpretAsInts();
                ByteVector third = first.reinterpretAsInts()
                        .lanewise(VectorOperators.LSHR, 4)
                        .reinterpretAsBytes();
                ByteVector fourth = second.reinterpretAsInts()
                        .lanewise(VectorOperators.LSHR, 4)
                        .reinterpretAsBytes();
                ByteVector high0 = highs.lanewise(VectorOperators.LSHL, 4).reinterpretAsBytes();
                ByteVector high1 = highs.lanewise(VectorOperators.LSHL, 2).reinterpretAsBytes();
                ByteVector high3 = highs.lanewise(VectorOperators.LSHR, 2).reinterpretAsBytes();
                first.and((byte) 15).or(high0.and((byte) 48)).sub((byte) 32).intoArray(q, at);
                second.and((byte) 15).or(high1.and((byte) 48)).sub((byte) 32).intoArray(q, at + 32);
                third.and((byte) 15)
                        .or(highs.reinterpretAsBytes().and((byte) 48))
                        .sub((byte) 32)
                        .intoArray(q, at + 64);
                fourth.and((byte) 15).or(high3.and((byte) 48)).sub((byte) 32).intoArray(q, at + 96);
            }
        }
    }

    private void tq1(byte[] in, int blocks) {
        halves(in, blocks, 52, 54, scales);
        groupShift = 8;
        for (int b = 0; b < blocks; b++) {
            digits(in, b * 54, 32, b * 256);
            digits(in, b * 54 + 32, 16, b * 256 + 160);
            for (int i = 0; i < 4; i++) {
                int fraction = in[b * 54 + 48 + i] & 255;
                for (int n = 0; n < 4; n++) {
                    q[b * 256 + 240 + n * 4 + i] = (byte) ((fraction * 3 >> 8) - 1);
                    fraction = fraction * 3 & 255;
                }
            }
        }
    }

    /** Five digits to the base 3 of bytes that are fractions: even and odd ones apart, each with room for three times it. */
    private void digits(byte[] in, int from, int count, int to) {
        for (int i = 0; i < count; i += 8) {
            long bytes = (long) LONG.get(in, from + i);
            long even = bytes & EVEN_BYTES;
            long odd = bytes >>> 8 & EVEN_BYTES;
            for (int n = 0; n < 5; n++) {
                even *= 3;
                odd *= 3;
                long digits = even >>> 8 & 0x0003000300030003L | odd & 0x0300030003000300L;
                LONG.set(q, to + n * count + i, minus(digits, 1));
                even &= EVEN_BYTES;
                odd &= EVEN_BYTES;
            }
        }
    }
}
