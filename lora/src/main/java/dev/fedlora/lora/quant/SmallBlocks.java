package dev.fedlora.lora.quant;

import java.nio.ByteBuffer;

/**
 * Blocks of 32 values with one scale: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0. Layouts, d and m binary16:
 *
 * <pre>
 * Q4_0   d, 16 bytes: low nibble of byte i is q_i, high nibble q_(i+16)      value = (q - 8) d
 * Q4_1   d, m, 16 bytes as Q4_0                                              value = q d + m
 * Q5_0   d, 32 bits: bit i is the fifth bit of q_i, 16 bytes as Q4_0         value = (q - 16) d
 * Q5_1   d, m, 32 bits and 16 bytes as Q5_0                                  value = q d + m
 * Q8_0   d, 32 signed bytes q                                                value = q d
 * </pre>
 */
final class SmallBlocks {
    private static final int HALF = 16;

    private SmallBlocks() {}

    static void q4(ByteBuffer in, int block, float[] out, int at) {
        float scale = half(in, block);
        for (int i = 0; i < HALF; i++) {
            int pair = in.get(block + 2 + i);
            out[at + i] = ((pair & 15) - 8) * scale;
            out[at + HALF + i] = ((pair >> 4 & 15) - 8) * scale;
        }
    }

    static void q4WithMinimum(ByteBuffer in, int block, float[] out, int at) {
        float scale = half(in, block);
        float minimum = half(in, block + 2);
        for (int i = 0; i < HALF; i++) {
            int pair = in.get(block + 4 + i);
            out[at + i] = (pair & 15) * scale + minimum;
            out[at + HALF + i] = (pair >> 4 & 15) * scale + minimum;
        }
    }

    static void q5(ByteBuffer in, int block, float[] out, int at) {
        float scale = half(in, block);
        int fifth = in.getInt(block + 2);
        for (int i = 0; i < HALF; i++) {
            int pair = in.get(block + 6 + i);
            out[at + i] = ((pair & 15 | (fifth >> i & 1) << 4) - 16) * scale;
            out[at + HALF + i] = ((pair >> 4 & 15 | (fifth >> HALF + i & 1) << 4) - 16) * scale;
        }
    }

    static void q5WithMinimum(ByteBuffer in, int block, float[] out, int at) {
        float scale = half(in, block);
        float minimum = half(in, block + 2);
        int fifth = in.getInt(block + 4);
        for (int i = 0; i < HALF; i++) {
            int pair = in.get(block + 8 + i);
            out[at + i] = (pair & 15 | (fifth >> i & 1) << 4) * scale + minimum;
            out[at + HALF + i] = (pair >> 4 & 15 | (fifth >> HALF + i & 1) << 4) * scale + minimum;
        }
    }

    static void q8(ByteBuffer in, int block, float[] out, int at) {
        float scale = half(in, block);
        for (int i = 0; i < 2 * HALF; i++) {
            out[at + i] = in.get(block + 2 + i) * scale;
        }
    }

    private static float half(ByteBuffer in, int at) {
        return Half.toFloat(in.getShort(at));
    }
}
