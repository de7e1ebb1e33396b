package dev.fedlora.lora.tensor;

import dev.fedlora.lora.quant.QuantizedMatrix;
import java.util.Arrays;

/**
 * Products on the Vector API: a tile of the weight is dequantized into scratch, packed in the order in which {@link
 * VectorTile} reads it, and multiplied with all rows of the batch before the next tile is touched.
 *
 * <p>Sums are single precision, one chain per {@link #INNER} values of the inner length. Not thread-safe.
 */
final class VectorProducts implements MatrixProducts {
    // values of the inner length at a time: a packed tile of 48 x 512 floats is 96 KiB, well inside a level 2 cache
    private static final int INNER = 512;
    // of backward's tile: 384 x 256 floats are 384 KiB; 384 is a multiple of a block (32) and of 3 vectors (12, 24, 48)
    private static final int BACKWARD_COLUMNS = 384;
    private static final int BACKWARD_INNER = 256;

    private final VectorTile tile = new VectorTile();
    private final VectorWeights weights = new VectorWeights();
    private final float[] packed = new float[INNER * VectorTile.WIDTH];
    private final float[] rows = new float[Math.max(INNER * VectorTile.WIDTH, BACKWARD_COLUMNS * BACKWARD_INNER)];
    private float[] transposed = new float[0];
    private float[] product = new float[0];

    @Override
    public void forward(QuantizedMatrix weight, Panel x, int rowCount, Panel y, boolean accumulate) {
        Operands.checkForward(weight, x, rowCount, y);
        if (accumulate) { // apart: a sum that starts from a large value would round every product to its last digit
            product = grown(product, rowCount * weight.rows());
            Panel alone = Panel.of(product, weight.rows());
            forward(weight, x, rowCount, alone, false);
            RowKernels.add(alone, rowCount, weight.rows(), y);
            return;
        }
        for (int n = 0; n < weight.rows(); n += VectorTile.WIDTH) {
            int width = Math.min(VectorTile.WIDTH, weight.rows() - n);
            for (int k = 0; k < weight.columns(); k += INNER) {
                int inner = Math.min(INNER, weight.columns() - k);
                for (int i = 0; i < width; i++) {
                    weights.read(new WeightReader.Run(weight, n + i, k, inner), rows, i * inner);
                }
                packTransposed(Panel.of(rows, inner), width, inner, 1);
                tile.multiply(columns(x, k), rowCount, columns(y, n), width, k > 0);
            }
        }
    }

    @Override
    public void backward(QuantizedMatrix weight, Panel dy, int rowCount, Panel dx, boolean accumulate) {
        Operands.checkBackward(weight, dy, rowCount, dx);
        for (int k = 0; k < weight.columns(); k += BACKWARD_COLUMNS) {
            int columns = Math.min(BACKWARD_COLUMNS, weight.columns() - k);
            for (int n = 0; n < weight.rows(); n += BACKWARD_INNER) {
                int inner = Math.min(BACKWARD_INNER, weight.rows() - n);
                for (int i = 0; i < inner; i++) {
                    weights.read(new WeightReader.Run(weight, n + i, k, columns), rows, i * columns);
                }
                for (int j = 0; j < columns; j += VectorTile.WIDTH) {
                    int width = Math.min(VectorTile.WIDTH, columns - j);
                    pack(new Panel(rows, j, columns), width, inner, 1);
                    tile.multiply(columns(dy, n), rowCount, columns(dx, k + j), width, accumulate || n > 0);
                }
            }
        }
    }

    @Override
    public void multiply(Shape shape, Panel a, Panel b, Panel c) {
        Operands.checkMultiply(shape, a, b, c);
        if (shape.transposeA() && shape.m() > shape.n()) {
            multiplyTransposed(shape, a, b, c);
            return;
        }
        for (int k = 0; k < shape.k(); k += INNER) {
            int inner = Math.min(INNER, shape.k() - k);
            Panel left = columns(a, k);
            if (shape.transposeA()) {
                transposed = grown(transposed, shape.m() * inner);
                transpose(a.from(k), inner, shape.m(), transposed, inner);
                left = Panel.of(transposed, inner);
            }
            for (int n = 0; n < shape.n(); n += VectorTile.WIDTH) {
                int width = Math.min(VectorTile.WIDTH, shape.n() - n);
                if (shape.transposeB()) {
                    packTransposed(columns(b.from(n), k), width, inner, shape.scale());
                } else {
                    pack(columns(b.from(k), n), width, inner, shape.scale());
                }
                tile.multiply(left, shape.m(), columns(c, n), width, shape.accumulate() || k > 0);
            }
        }
    }

    /** cᵀ = op(b)ᵀ · op(a)ᵀ where a is stored transposed and larger than b: then b is transposed and a is not. */
    private void multiplyTransposed(Shape shape, Panel a, Panel b, Panel c) {
        int m = shape.m();
        int n = shape.n();
        product = grown(product, n * m);
        multiply(
                new Shape(n, m, shape.k(), !shape.transposeB(), false, shape.scale(), false),
                b,
                a,
                Panel.of(product, m));
        for (int i = 0; i < m; i++) {
            int to = c.offset() + i * c.stride();
            for (int j = 0; j < n; j++) {
                float value = product[j * m + i];
                c.values()[to + j] = shape.accumulate() ? c.values()[to + j] + value : value;
            }
        }
    }

    /** Packs B given as rows of the inner length: copies {@code width} values a row and pads them with zeros. */
    private void pack(Panel b, int width, int inner, float scale) {
        int padded = VectorTile.paddedWidth(width);
        for (int k = 0; k < inner; k++) {
            System.arraycopy(b.values(), b.offset() + k * b.stride(), packed, k * padded, width);
            Arrays.fill(packed, k * padded + width, (k + 1) * padded, 0);
        }
        finish(inner, padded, scale);
    }

    /** Packs B given as its columns: {@code width} rows of {@code inner} values. */
    private void packTransposed(Panel b, int width, int inner, float scale) {
        int padded = VectorTile.paddedWidth(width);
        transpose(b, width, inner, packed, padded);
        for (int k = 0; k < inner && width < padded; k++) {
            Arrays.fill(packed, k * padded + width, (k + 1) * padded, 0);
        }
        finish(inner, padded, scale);
    }

    private void finish(int inner, int padded, float scale) {
        if (scale != 1) {
            for (int i = 0; i < inner * padded; i++) {
                packed[i] *= scale;
            }
        }
        tile.setRight(packed, inner);
    }

    /** to[j * stride + i] = from(i, j), eight columns at a time so that reads and writes both stay in few cache lines. */
    private static void transpose(Panel from, int rowCount, int columnCount, float[] to, int stride) {
        float[] v = from.values();
        int j = 0;
        for (; j <= columnCount - 8; j += 8) {
            for (int i = 0; i < rowCount; i++) {
                int a = from.offset() + i * from.stride() + j;
                int b = j * stride + i;
                to[b] = v[a];
                to[b + stride] = v[a + 1];
                to[b + 2 * stride] = v[a + 2];
                to[b + 3 * stride] = v[a + 3];
                to[b + 4 * stride] = v[a + 4];
                to[b + 5 * stride] = v[a + 5];
                to[b + 6 * stride] = v[a + 6];
                to[b + 7 * stride] = v[a + 7];
            }
        }
        for (; j < columnCount; j++) {
            for (int i = 0; i < rowCount; i++) {
                to[j * stride + i] = v[from.offset() + i * from.stride() + j];
            }
        }
    }

    private static Panel columns(Panel panel, int from) {
        return new Panel(panel.values(), panel.offset() + from, panel.stride());
    }

    private static float[] grown(float[] array, int length) {
        return array.length < length ? new float[length] : array;
    }

    @Override
    public void close() {
        // the scratch is on the heap
    }
}
