package dev.fedlora.lora.quant;

import java.nio.ByteBuffer;

/**
 * Blocks of 256 values whose groups of 16 or 32 have small whole-numbered scales of their own, times the block's d (and
 * minima, times its m): Q2_K to Q6_K. Layouts, d and m binary16:
 *
 * <pre>
 * Q2_K   16 bytes: scale (low nibble) and minimum (high nibble) of each group of 16, 64 bytes of 2 bits, d, m
 * Q3_K   32 bytes: third bits, 64 bytes of 2 bits, 12 bytes: 16 scales of 6 bits less 32, d
 * Q4_K   d, m, 12 bytes: 8 scales and 8 minima of 6 bits, 128 bytes of 4 bits
 * Q5_K   d, m, 12 bytes as Q4_K, 32 bytes: fifth bits, 128 bytes of 4 bits
 * Q6_K   128 bytes of 4 bits, 64 bytes: fifth and sixth bits, 16 signed scales, d
 * </pre>
 *
 * Value = (d scale) q - (m minimum), with q - 4 for Q3_K and q - 32 for Q6_K and no minimum for both.
 */
final class SuperBlocks {
    static final int SIZE = 256;

    private SuperBlocks() {}

    static void q2(ByteBuffer in, int block, float[] out, int at) {
        float d = half(in, block + 80);
        float m = half(in, block + 82);
        for (int group = 0; group < 16; group++) {
            int pair = in.get(block + group) & 0xff;
            float scale = d * (pair & 15);
            float minimum = m * (pair >> 4);
            int bytes = block + 16 + group / 8 * 32 + group % 2 * 16;
            int shift = group % 8 / 2 * 2;
            for (int i = 0; i < 16; i++) {
                out[at + group * 16 + i] = scale * (in.get(bytes + i) >> shift & 3) - minimum;
            }
        }
    }

    static void q3(ByteBuffer in, int block, float[] out, int at) {
        float d = half(in, block + 108);
        for (int group = 0; group < 16; group++) {
            float scale = d * (q3Scale(in, block + 96, group) - 32);
            int half = group % 2 * 16;
            int bytes = block + 32 + group / 8 * 32 + half;
            int plane = group / 2;
            int shift = plane % 4 * 2;
            for (int i = 0; i < 16; i++) {
                int third = in.get(block + half + i) >> plane & 1;
                out[at + group * 16 + i] = scale * ((in.get(bytes + i) >> shift & 3) - (third == 1 ? 0 : 4));
            }
        }
    }

    /** Low 4 bits: nibbles of the first 8 bytes; high 2 bits: the last 4 bytes, 4 groups a pair of bits. */
    private static int q3Scale(ByteBuffer in, int scales, int group) {
        int low = in.get(scales + group % 8) >> group / 8 * 4 & 15;
        int high = in.get(scales + 8 + group % 4) >> group / 4 * 2 & 3;
        return low | high << 4;
    }

    static void q4(ByteBuffer in, int block, float[] out, int at) {
        float d = half(in, block);
        float m = half(in, block + 2);
        for (int group = 0; group < 8; group++) {
            float scale = d * scale(in, block + 4, group);
            float minimum = m * minimum(in, block + 4, group);
            int bytes = block + 16 + group / 2 * 32;
            int shift = group % 2 * 4;
            for (int i = 0; i < 32; i++) {
                out[at + group * 32 + i] = scale * (in.get(bytes + i) >> shift & 15) - minimum;
            }
        }
    }

    static void q5(ByteBuffer in, int block, float[] out, int at) {
        float d = half(in, block);
        float m = half(in, block + 2);
        for (int group = 0; group < 8; group++) {
            float scale = d * scale(in, block + 4, group);
            float minimum = m * minimum(in, block + 4, group);
            int bytes = block + 48 + group / 2 * 32;
            int shift = group % 2 * 4;
            for (int i = 0; i < 32; i++) {
                int fifth = in.get(block + 16 + i) >> group & 1;
                out[at + group * 32 + i] = scale * ((in.get(bytes + i) >> shift & 15) + fifth * 16) - minimum;
            }
        }
    }

    /**
     * The first four of 8 scales of 6 bits are the low bits of bytes 0 to 3; of the others, the low 4 bits are the low
     * nibbles of bytes 8 to 11 and the high 2 bits are what the first four leave over.
     */
    private static int scale(ByteBuffer in, int packed, int group) {
        return group < 4
                ? in.get(packed + group) & 63
                : in.get(packed + 4 + group) & 15 | (in.get(packed + group - 4) >> 6 & 3) << 4;
    }

    /** The minima likewise: bytes 4 to 7, and the high nibbles of bytes 8 to 11. */
    private static int minimum(ByteBuffer in, int packed, int group) {
        return group < 4
                ? in.get(packed + 4 + group) & 63
                : in.get(packed + 4 + group) >> 4 & 15 | (in.get(packed + group) >> 6 & 3) << 4;
    }

    static void q6(ByteBuffer in, int block, float[] out, int at) {
        float d = half(in, block + 208);
        for (int group = 0; group < 16; group++) {
            float scale = d * in.get(block + 192 + group);
            int half = group / 8;
            int quarter = group % 8 / 2; // of the 128 values: 0 and 1 low nibbles, 2 and 3 high ones
            int column = group % 2 * 16;
            int low = block + half * 64 + quarter % 2 * 32 + column;
            int high = block + 128 + half * 32 + column;
            for (int i = 0; i < 16; i++) {
                int q = in.get(low + i) >> quarter / 2 * 4 & 15 | (in.get(high + i) >> quarter * 2 & 3) << 4;
                out[at + group * 16 + i] = scale * (q - 32);
            }
        }
    }

    private static float half(ByteBuffer in, int at) {
        return Half.toFloat(in.getShort(at));
    }
}
