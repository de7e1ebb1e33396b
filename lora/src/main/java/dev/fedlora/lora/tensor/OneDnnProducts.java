package dev.fedlora.lora.tensor;

import dev.fedlora.lora.quant.QuantizedMatrix;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.stream;

/**
 * Products of one worker by oneDNN: activations are copied to native scratch, the weight is dequantized into it a tile of
 * rows at a time, and the result is copied back. Products of two dense matrices are too small to gain by that where the
 * Vector API is there; they, and shapes for which oneDNN has no fast kernel, stay in Java and in float.
 */
final class OneDnnProducts implements MatrixProducts {
    // half of a common level 2 cache (1 MiB), the other half for activations
    private static final int TILE_BYTES = 1 << 19;
    // lengths of batches are rounded up to this many rows, so that fewer plans are compiled
    private static final int ROW_STEP = 16;

    private final stream stream;
    private final boolean bfloat16;
    private final int valueBytes;
    private final WeightReader weights =
            IncubatorClasses.load("VectorWeights", WeightReader.class).orElseGet(PlainWeights::new);
    private final MatrixProducts dense;
    private final OneDnnPlans plans;
    private final NativeScratch in = new NativeScratch();
    private final NativeScratch tile = new NativeScratch();
    private final NativeScratch out = new NativeScratch();
    private float[] floats = new float[0];
    private short[] shorts = new short[0];

    OneDnnProducts(engine engine, boolean bfloat16) {
        plans = new OneDnnPlans(engine);
        this.bfloat16 = bfloat16;
        stream = new stream(engine);
        valueBytes = bfloat16 ? 2 : 4;
        dense = IncubatorClasses.load("VectorProducts", MatrixProducts.class)
                .orElseGet(() -> new ReferenceBackend().open());
    }

    @Override
    public void forward(QuantizedMatrix weight, Panel x, int rows, Panel y, boolean accumulate) {
        Operands.checkForward(weight, x, rows, y);
        try {
            forwardTiles(weight, x, rows);
        } catch (UnsupportedOperationException refused) { // logged where it was found
            dense.forward(weight, x, rows, y, accumulate);
            return;
        }
        out.copyOut(y, rows, weight.rows(), accumulate);
    }

    /** out (R × N) = x · Wᵀ, some columns at a time. */
    private void forwardTiles(QuantizedMatrix weight, Panel x, int rows) {
        int n = weight.rows();
        int k = weight.columns();
        int padded = padded(rows);
        int step = tileRows(weight);
        OneDnnPlan.Strides dense = new OneDnnPlan.Strides(k, 1);
        OneDnnPlan.Strides transposed = new OneDnnPlan.Strides(1, k);
        copyIn(x, rows, padded, k);
        out.room((long) padded * n, Float.BYTES);
        for (int from = 0; from < n; from += step) {
            int count = Math.min(step, n - from);
            OneDnnPlan plan = plans.get(new OneDnnPlan.Shape(padded, count, k, dense, transposed, n, bfloat16, false));
            readTile(weight, from, count);
            plan.execute(stream, in.address(), tile.address(), out.address() + (long) Float.BYTES * from);
        }
    }

    @Override
    public void backward(QuantizedMatrix weight, Panel dy, int rows, Panel dx, boolean accumulate) {
        Operands.checkBackward(weight, dy, rows, dx);
        try {
            backwardTiles(weight, dy, rows);
        } catch (UnsupportedOperationException refused) { // logged where it was found
            dense.backward(weight, dy, rows, dx, accumulate);
            return;
        }
        out.copyOut(dx, rows, weight.columns(), accumulate);
    }

    /** out (R × K) = dy · W, the sum of products over some rows of W at a time. */
    private void backwardTiles(QuantizedMatrix weight, Panel dy, int rows) {
        int n = weight.rows();
        int k = weight.columns();
        int padded = padded(rows);
        int step = tileRows(weight);
        OneDnnPlan.Strides source = new OneDnnPlan.Strides(n, 1);
        OneDnnPlan.Strides dense = new OneDnnPlan.Strides(k, 1);
        copyIn(dy, rows, padded, n);
        out.room((long) padded * k, Float.BYTES);
        for (int from = 0; from < n; from += step) {
            int count = Math.min(step, n - from);
            boolean sum = from > 0;
            OneDnnPlan plan = plans.get(new OneDnnPlan.Shape(padded, k, count, source, dense, k, bfloat16, sum));
            readTile(weight, from, count);
            plan.execute(stream, in.address() + (long) valueBytes * from, tile.address(), out.address());
        }
    }

    @Override
    public void multiply(Shape shape, Panel a, Panel b, Panel c) {
        dense.multiply(shape, a, b, c);
    }

    private static int padded(int rows) {
        return (rows + ROW_STEP - 1) / ROW_STEP * ROW_STEP;
    }

    private int tileRows(QuantizedMatrix weight) {
        int rows = TILE_BYTES / valueBytes / weight.columns();
        return Math.max(64, rows / 64 * 64); // whole blocks of oneDNN's kernels
    }

    private void readTile(QuantizedMatrix weight, int from, int count) {
        int k = weight.columns();
        tile.room((long) count * k, valueBytes);
        growRow(k);
        for (int i = 0; i < count; i++) {
            WeightReader.Run run = new WeightReader.Run(weight, from + i, 0, k);
            if (bfloat16) {
                weights.readBfloat16(run, shorts, 0);
                tile.shorts().put(i * k, shorts, 0, k);
            } else {
                weights.read(run, floats, 0);
                tile.floats().put(i * k, floats, 0, k);
            }
        }
    }

    // the rows past the batch's end hold whatever was there: rows do not mix, and theirs are not copied out
    private void copyIn(Panel x, int rows, int padded, int columns) {
        in.room((long) padded * columns, valueBytes);
        if (!bfloat16) {
            in.copyIn(x, rows, columns);
            return;
        }
        growRow(columns);
        for (int r = 0; r < rows; r++) {
            weights.round(x.values(), x.offset() + r * x.stride(), columns, shorts, 0);
            in.shorts().put(r * columns, shorts, 0, columns);
        }
    }

    private void growRow(int columns) {
        if (floats.length < columns) {
            floats = new float[columns];
            shorts = new short[columns];
        }
    }

    @Override
    public void close() {
        plans.close();
        in.close();
        tile.close();
        out.close();
        stream.close();
        dense.close();
    }
}
