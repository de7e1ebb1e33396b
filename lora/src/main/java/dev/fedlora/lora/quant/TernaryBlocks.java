package dev.fedlora.lora.quant;

import java.nio.ByteBuffer;

/**
 * Blocks of 256 values that are -d, 0 or d: TQ1_0 and TQ2_0. Layouts, d binary16, q in 0, 1, 2:
 *
 * <pre>
 * TQ1_0  48 bytes of five q (32 bytes, then 16), 4 bytes of four q, d        value = (q - 1) d
 * TQ2_0  64 bytes of four q, d                                               value = (q - 1) d
 * </pre>
 *
 * A byte b of TQ1_0 stands for the fraction b / 256, whose digits to the base 3 are its q, the first one first.
 */
final class TernaryBlocks {
    private TernaryBlocks() {}

    static void tq1(ByteBuffer in, int block, float[] out, int at) {
        float scale = Half.toFloat(in.getShort(block + 52));
        digits(in, block, 32, 5, scale, out, at);
        digits(in, block + 32, 16, 5, scale, out, at + 160);
        digits(in, block + 48, 4, 4, scale, out, at + 240);
    }

    private static void digits(ByteBuffer in, int bytes, int count, int digits, float scale, float[] out, int at) {
        for (int i = 0; i < count; i++) {
            int fraction = in.get(bytes + i) & 0xff;
            for (int n = 0; n < digits; n++) {
                out[at + n * count + i] = ((fraction * 3 >> 8) - 1) * scale;
                fraction = fraction * 3 & 0xff;
            }
        }
    }

    static void tq2(ByteBuffer in, int block, float[] out, int at) {
        float scale = Half.toFloat(in.getShort(block + 64));
        for (int i = 0; i < 256; i++) {
            int pairs = in.get(block + i / 128 * 32 + i % 32);
            out[at + i] = ((pairs >> i % 128 / 32 * 2 & 3) - 1) * scale;
        }
    }
}
