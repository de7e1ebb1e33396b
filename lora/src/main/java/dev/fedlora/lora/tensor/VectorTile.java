package dev.fedlora.lora.tensor;

import static dev.fedlora.lora.tensor.VectorMath.F;
import static dev.fedlora.lora.tensor.VectorMath.LANES;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * The innermost product: C (rows × width) = A (rows × k) · B (k × width), width at most {@link #WIDTH}, B packed.
 *
 * <p>The accumulators of a block of 8 × 3 vectors (4 × 3 where there are but 16 registers) stay in registers for all of
 * k; each step of k loads one row of B and multiplies it by one value from each row of A. Every value of C is one chain
 * of fused multiply-adds over k in order, whatever block it falls into, so a result does not depend on its neighbours.
 *
 * <p>Goto, van de Geijn, Anatomy of High-Performance Matrix Multiplication, ACM TOMS 34(3), 2008
 * (doi:10.1145/1356052.1356053). Not thread-safe.
 */
final class VectorTile {
    /** Columns of the widest block. */
    static final int WIDTH = 3 * LANES;

    // 256 bits mean 16 registers (AVX2): 4 x 3 sums, 3 of B and 1 of A; 512 and 128 (NEON) bits mean 32
    private static final boolean HAS_32_REGISTERS = LANES != 8;

    private final float[] edge = new float[8 * WIDTH];
    private float[] packed = edge;
    private float[] left = edge;
    private float[] out = edge;
    private int lda;
    private int ldc;
    private int k;

    /** Returns how many columns B must be padded to for a block of {@code width}: {@link #WIDTH} or one vector. */
    static int paddedWidth(int width) {
        return width > LANES ? WIDTH : LANES;
    }

    /** Sets B: {@code inner} rows of {@link #paddedWidth} values, without gaps. */
    void setRight(float[] rows, int inner) {
        packed = rows;
        k = inner;
    }

    /** Computes C for all rows of A, {@code width} columns. */
    void multiply(Panel a, int rows, Panel c, int width, boolean accumulate) {
        left = a.values();
        lda = a.stride();
        int row = 0;
        for (; row <= rows - 8 && HAS_32_REGISTERS; row += 8) {
            block(8, a.offset() + row * lda, c.from(row), width, accumulate);
        }
        for (; row <= rows - 4; row += 4) {
            block(4, a.offset() + row * lda, c.from(row), width, accumulate);
        }
        for (; row < rows; row++) {
            block(1, a.offset() + row * lda, c.from(row), width, accumulate);
        }
    }

    private void block(int rows, int a, Panel c, int width, boolean accumulate) {
        int padded = paddedWidth(width);
        if (width == padded) {
            for (int r = 0; r < rows && !accumulate; r++) {
                Arrays.fill(c.values(), c.offset() + r * c.stride(), c.offset() + r * c.stride() + width, 0);
            }
            out = c.values();
            ldc = c.stride();
            wholeBlock(rows, padded, a, c.offset());
            return;
        }
        Arrays.fill(edge, 0);
        for (int r = 0; r < rows && accumulate; r++) {
            System.arraycopy(c.values(), c.offset() + r * c.stride(), edge, r * WIDTH, width);
        }
        out = edge;
        ldc = WIDTH;
        wholeBlock(rows, padded, a, 0);
        for (int r = 0; r < rows; r++) {
            System.arraycopy(edge, r * WIDTH, c.values(), c.offset() + r * c.stride(), width);
        }
    }

    // the kernels always add to C: a branch for each store would exceed what the compiler inlines
    private void wholeBlock(int rows, int width, int a, int c) {
        boolean wide = width == WIDTH;
        switch (rows) {
            case 8 -> {
                if (wide) {
                    rows8x3(a, c);
                } else {
                    rows8x1(a, c);
                }
            }
            case 4 -> {
                if (wide) {
                    rows4x3(a, c);
                } else {
                    rows4x1(a, c);
                }
            }
            default -> {
                if (wide) {
                    rows1x3(a, c);
                } else {
                    rows1x1(a, c);
                }
            }
        }
    }

    private void rows8x3(int a, int c) {
        FloatVector c00 = FloatVector.fromArray(F, out, c);
        FloatVector c01 = FloatVector.fromArray(F, out, c + LANES);
        FloatVector c02 = FloatVector.fromArray(F, out, c + 2 * LANES);
        FloatVector c10 = FloatVector.fromArray(F, out, c + ldc);
        FloatVector c11 = FloatVector.fromArray(F, out, c + ldc + LANES);
        FloatVector c12 = FloatVector.fromArray(F, out, c + ldc + 2 * LANES);
        FloatVector c20 = FloatVector.fromArray(F, out, c + 2 * ldc);
        FloatVector c21 = FloatVector.fromArray(F, out, c + 2 * ldc + LANES);
        FloatVector c22 = FloatVector.fromArray(F, out, c + 2 * ldc + 2 * LANES);
        FloatVector c30 = FloatVector.fromArray(F, out, c + 3 * ldc);
        FloatVector c31 = FloatVector.fromArray(F, out, c + 3 * ldc + LANES);
        FloatVector c32 = FloatVector.fromArray(F, out, c + 3 * ldc + 2 * LANES);
        FloatVector c40 = FloatVector.fromArray(F, out, c + 4 * ldc);
        FloatVector c41 = FloatVector.fromArray(F, out, c + 4 * ldc + LANES);
        FloatVector c42 = FloatVector.fromArray(F, out, c + 4 * ldc + 2 * LANES);
        FloatVector c50 = FloatVector.fromArray(F, out, c + 5 * ldc);
        FloatVector c51 = FloatVector.fromArray(F, out, c + 5 * ldc + LANES);
        FloatVector c52 = FloatVector.fromArray(F, out, c + 5 * ldc + 2 * LANES);
        FloatVector c60 = FloatVector.fromArray(F, out, c + 6 * ldc);
        FloatVector c61 = FloatVector.fromArray(F, out, c + 6 * ldc + LANES);
        FloatVector c62 = FloatVector.fromArray(F, out, c + 6 * ldc + 2 * LANES);
        FloatVector c70 = FloatVector.fromArray(F, out, c + 7 * ldc);
        FloatVector c71 = FloatVector.fromArray(F, out, c + 7 * ldc + LANES);
        FloatVector c72 = FloatVector.fromArray(F, out, c + 7 * ldc + 2 * LANES);
        for (int p = 0, b = 0; p < k; p++, b += 3 * LANES) {
            FloatVector b0 = FloatVector.fromArray(F, packed, b);
            FloatVector b1 = FloatVector.fromArray(F, packed, b + LANES);
            FloatVector b2 = FloatVector.fromArray(F, packed, b + 2 * LANES);
            FloatVector a0 = FloatVector.broadcast(F, left[a + p]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            c02 = a0.fma(b2, c02);
            FloatVector a1 = FloatVector.broadcast(F, left[a + lda + p]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            c12 = a1.fma(b2, c12);
            FloatVector a2 = FloatVector.broadcast(F, left[a + 2 * lda + p]);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            c22 = a2.fma(b2, c22);
            FloatVector a3 = FloatVector.broadcast(F, left[a + 3 * lda + p]);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            c32 = a3.fma(b2, c32);
            FloatVector a4 = FloatVector.broadcast(F, left[a + 4 * lda + p]);
            c40 = a4.fma(b0, c40);
            c41 = a4.fma(b1, c41);
            c42 = a4.fma(b2, c42);
            FloatVector a5 = FloatVector.broadcast(F, left[a + 5 * lda + p]);
            c50 = a5.fma(b0, c50);
            c51 = a5.fma(b1, c51);
            c52 = a5.fma(b2, c52);
            FloatVector a6 = FloatVector.broadcast(F, left[a + 6 * lda + p]);
            c60 = a6.fma(b0, c60);
            c61 = a6.fma(b1, c61);
            c62 = a6.fma(b2, c62);
            FloatVector a7 = FloatVector.broadcast(F, left[a + 7 * lda + p]);
            c70 = a7.fma(b0, c70);
            c71 = a7.fma(b1, c71);
            c72 = a7.fma(b2, c72);
        }
        c00.intoArray(out, c);
        c01.intoArray(out, c + LANES);
        c02.intoArray(out, c + 2 * LANES);
        c10.intoArray(out, c + ldc);
        c11.intoArray(out, c + ldc + LANES);
        c12.intoArray(out, c + ldc + 2 * LANES);
        c20.intoArray(out, c + 2 * ldc);
        c21.intoArray(out, c + 2 * ldc + LANES);
        c22.intoArray(out, c + 2 * ldc + 2 * LANES);
        c30.intoArray(out, c + 3 * ldc);
        c31.intoArray(out, c + 3 * ldc + LANES);
        c32.intoArray(out, c + 3 * ldc + 2 * LANES);
        c40.intoArray(out, c + 4 * ldc);
        c41.intoArray(out, c + 4 * ldc + LANES);
        c42.intoArray(out, c + 4 * ldc + 2 * LANES);
        c50.intoArray(out, c + 5 * ldc);
        c51.intoArray(out, c + 5 * ldc + LANES);
        c52.intoArray(out, c + 5 * ldc + 2 * LANES);
        c60.intoArray(out, c + 6 * ldc);
        c61.intoArray(out, c + 6 * ldc + LANES);
        c62.intoArray(out, c + 6 * ldc + 2 * LANES);
        c70.intoArray(out, c + 7 * ldc);
        c71.intoArray(out, c + 7 * ldc + LANES);
        c72.intoArray(out, c + 7 * ldc + 2 * LANES);
    }

    private void rows4x3(int a, int c) {
        FloatVector c00 = FloatVector.fromArray(F, out, c);
        FloatVector c01 = FloatVector.fromArray(F, out, c + LANES);
        FloatVector c02 = FloatVector.fromArray(F, out, c + 2 * LANES);
        FloatVector c10 = FloatVector.fromArray(F, out, c + ldc);
        FloatVector c11 = FloatVector.fromArray(F, out, c + ldc + LANES);
        FloatVector c12 = FloatVector.fromArray(F, out, c + ldc + 2 * LANES);
        FloatVector c20 = FloatVector.fromArray(F, out, c + 2 * ldc);
        FloatVector c21 = FloatVector.fromArray(F, out, c + 2 * ldc + LANES);
        FloatVector c22 = FloatVector.fromArray(F, out, c + 2 * ldc + 2 * LANES);
        FloatVector c30 = FloatVector.fromArray(F, out, c + 3 * ldc);
        FloatVector c31 = FloatVector.fromArray(F, out, c + 3 * ldc + LANES);
        FloatVector c32 = FloatVector.fromArray(F, out, c + 3 * ldc + 2 * LANES);
        for (int p = 0, b = 0; p < k; p++, b += 3 * LANES) {
            FloatVector b0 = FloatVector.fromArray(F, packed, b);
            FloatVector b1 = FloatVector.fromArray(F, packed, b + LANES);
            FloatVector b2 = FloatVector.fromArray(F, packed, b + 2 * LANES);
            FloatVector a0 = FloatVector.broadcast(F, left[a + p]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            c02 = a0.fma(b2, c02);
            FloatVector a1 = FloatVector.broadcast(F, left[a + lda + p]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            c12 = a1.fma(b2, c12);
            FloatVector a2 = FloatVector.broadcast(F, left[a + 2 * lda + p]);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            c22 = a2.fma(b2, c22);
            FloatVector a3 = FloatVector.broadcast(F, left[a + 3 * lda + p]);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            c32 = a3.fma(b2, c32);
        }
        c00.intoArray(out, c);
        c01.intoArray(out, c + LANES);
        c02.intoArray(out, c + 2 * LANES);
        c10.intoArray(out, c + ldc);
        c11.intoArray(out, c + ldc + LANES);
        c12.intoArray(out, c + ldc + 2 * LANES);
        c20.intoArray(out, c + 2 * ldc);
        c21.intoArray(out, c + 2 * ldc + LANES);
        c22.intoArray(out, c + 2 * ldc + 2 * LANES);
        c30.intoArray(out, c + 3 * ldc);
        c31.intoArray(out, c + 3 * ldc + LANES);
        c32.intoArray(out, c + 3 * ldc + 2 * LANES);
    }

    private void rows1x3(int a, int c) {
        FloatVector c00 = FloatVector.fromArray(F, out, c);
        FloatVector c01 = FloatVector.fromArray(F, out, c + LANES);
        FloatVector c02 = FloatVector.fromArray(F, out, c + 2 * LANES);
        for (int p = 0, b = 0; p < k; p++, b += 3 * LANES) {
            FloatVector b0 = FloatVector.fromArray(F, packed, b);
            FloatVector b1 = FloatVector.fromArray(F, packed, b + LANES);
            FloatVector b2 = FloatVector.fromArray(F, packed, b + 2 * LANES);
            FloatVector a0 = FloatVector.broadcast(F, left[a + p]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            c02 = a0.fma(b2, c02);
        }
        c00.intoArray(out, c);
        c01.intoArray(out, c + LANES);
        c02.intoArray(out, c + 2 * LANES);
    }

    private void rows8x1(int a, int c) {
        FloatVector c00 = FloatVector.fromArray(F, out, c);
        FloatVector c10 = FloatVector.fromArray(F, out, c + ldc);
        FloatVector c20 = FloatVector.fromArray(F, out, c + 2 * ldc);
        FloatVector c30 = FloatVector.fromArray(F, out, c + 3 * ldc);
        FloatVector c40 = FloatVector.fromArray(F, out, c + 4 * ldc);
        FloatVector c50 = FloatVector.fromArray(F, out, c + 5 * ldc);
        FloatVector c60 = FloatVector.fromArray(F, out, c + 6 * ldc);
        FloatVector c70 = FloatVector.fromArray(F, out, c + 7 * ldc);
        for (int p = 0, b = 0; p < k; p++, b += LANES) {
            FloatVector b0 = FloatVector.fromArray(F, packed, b);
            FloatVector a0 = FloatVector.broadcast(F, left[a + p]);
            c00 = a0.fma(b0, c00);
            FloatVector a1 = FloatVector.broadcast(F, left[a + lda + p]);
            c10 = a1.fma(b0, c10);
            FloatVector a2 = FloatVector.broadcast(F, left[a + 2 * lda + p]);
            c20 = a2.fma(b0, c20);
            FloatVector a3 = FloatVector.broadcast(F, left[a + 3 * lda + p]);
            c30 = a3.fma(b0, c30);
            FloatVector a4 = FloatVector.broadcast(F, left[a + 4 * lda + p]);
            c40 = a4.fma(b0, c40);
            FloatVector a5 = FloatVector.broadcast(F, left[a + 5 * lda + p]);
            c50 = a5.fma(b0, c50);
            FloatVector a6 = FloatVector.broadcast(F, left[a + 6 * lda + p]);
            c60 = a6.fma(b0, c60);
            FloatVector a7 = FloatVector.broadcast(F, left[a + 7 * lda + p]);
            c70 = a7.fma(b0, c70);
        }
        c00.intoArray(out, c);
        c10.intoArray(out, c + ldc);
        c20.intoArray(out, c + 2 * ldc);
        c30.intoArray(out, c + 3 * ldc);
        c40.intoArray(out, c + 4 * ldc);
        c50.intoArray(out, c + 5 * ldc);
        c60.intoArray(out, c + 6 * ldc);
        c70.intoArray(out, c + 7 * ldc);
    }

    private void rows4x1(int a, int c) {
        FloatVector c00 = FloatVector.fromArray(F, out, c);
        FloatVector c10 = FloatVector.fromArray(F, out, c + ldc);
        FloatVector c20 = FloatVector.fromArray(F, out, c + 2 * ldc);
        FloatVector c30 = FloatVector.fromArray(F, out, c + 3 * ldc);
        for (int p = 0, b = 0; p < k; p++, b += LANES) {
            FloatVector b0 = FloatVector.fromArray(F, packed, b);
            FloatVector a0 = FloatVector.broadcast(F, left[a + p]);
            c00 = a0.fma(b0, c00);
            FloatVector a1 = FloatVector.broadcast(F, left[a + lda + p]);
            c10 = a1.fma(b0, c10);
            FloatVector a2 = FloatVector.broadcast(F, left[a + 2 * lda + p]);
            c20 = a2.fma(b0, c20);
            FloatVector a3 = FloatVector.broadcast(F, left[a + 3 * lda + p]);
            c30 = a3.fma(b0, c30);
        }
        c00.intoArray(out, c);
        c10.intoArray(out, c + ldc);
        c20.intoArray(out, c + 2 * ldc);
        c30.intoArray(out, c + 3 * ldc);
    }

    private void rows1x1(int a, int c) {
        FloatVector c00 = FloatVector.fromArray(F, out, c);
        for (int p = 0, b = 0; p < k; p++, b += LANES) {
            FloatVector b0 = FloatVector.fromArray(F, packed, b);
            FloatVector a0 = FloatVector.broadcast(F, left[a + p]);
            c00 = a0.fma(b0, c00);
        }
        c00.intoArray(out, c);
    }
}
