package dev.fedlora.lora.tensor;

import dev.fedlora.lora.quant.QuantizedMatrix;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.stream;

/**
 * What one worker's products by oneDNN share: its plans, and the way of values between Java's arrays and native memory, in
 * float or rounded to bfloat16. Not thread-safe.
 */
final class OneDnnWorker implements AutoCloseable {
    // half of a common level 2 cache (1 MiB), the other half for activations
    private static final int TILE_BYTES = 1 << 19;
    // lengths of batches are rounded up to this many rows, so that fewer plans are compiled
    private static final int ROW_STEP = 16;

    final boolean bfloat16;
    final int valueBytes;
    private final stream stream;
    private final OneDnnPlans plans;
    private final WeightReader weights =
            IncubatorClasses.load("VectorWeights", WeightReader.class).orElseGet(PlainWeights::new);
    private float[] floats = new float[0];
    private short[] shorts = new short[0];

    OneDnnWorker(engine engine, boolean bfloat16) {
        this.bfloat16 = bfloat16;
        valueBytes = bfloat16 ? 2 : 4;
        stream = new stream(engine);
        plans = new OneDnnPlans(engine);
    }

    /** Returns the plan of one product. */
    OneDnnPlan plan(
            int m, int n, int k, OneDnnPlan.Strides source, OneDnnPlan.Strides weights, int resultRow, boolean sum) {
        return plans.get(OneDnnPlan.Shape.single(m, n, k, source, weights, resultRow, bfloat16, sum));
    }

    /** @throws UnsupportedOperationException when oneDNN has only its slow reference code for this shape */
    OneDnnPlan plan(OneDnnPlan.Shape shape) {
        return plans.get(shape);
    }

    void execute(OneDnnPlan plan, long source, long weights, long result) {
        plan.execute(stream, source, weights, result);
    }

    static int padded(int rows) {
        return (rows + ROW_STEP - 1) / ROW_STEP * ROW_STEP;
    }

    /** Returns how many rows of a weight of {@code columns} columns make a tile. */
    int tileRows(int columns) {
        int rows = TILE_BYTES / valueBytes / columns;
        return Math.max(64, rows / 64 * 64); // whole blocks of oneDNN's kernels
    }

    /** Makes room for {@code count} values. */
    NativeScratch room(NativeScratch scratch, long count) {
        return scratch.room(count, valueBytes);
    }

    /** Returns the address of value {@code index} of {@code scratch}. */
    long at(NativeScratch scratch, int index) {
        return scratch.address() + (long) valueBytes * index;
    }

    /** Writes {@code count} values to native memory from value {@code index} on. */
    void put(float[] from, int at, int count, NativeScratch to, int index) {
        if (bfloat16) {
            grow(count);
            weights.round(from, at, count, shorts, 0);
            to.shorts().put(index, shorts, 0, count);
        } else {
            to.floats().put(index, from, at, count);
        }
    }

    /**
     * Copies rows × columns values to native memory, the rows {@code stride} values apart. What lies behind them and
     * between them stays.
     */
    void copyIn(Panel x, int rows, int columns, NativeScratch to, int stride) {
        for (int r = 0; r < rows; r++) {
            put(x.values(), x.offset() + r * x.stride(), columns, to, r * stride);
        }
    }

    /** Dequantizes {@code count} rows of a weight to native memory, {@code stride} values apart. */
    void readTile(QuantizedMatrix weight, int from, int count, NativeScratch tile, int stride) {
        int k = weight.columns();
        grow(k);
        for (int i = 0; i < count; i++) {
            WeightReader.Run run = new WeightReader.Run(weight, from + i, 0, k);
            if (bfloat16) {
                weights.readBfloat16(run, shorts, 0);
                tile.shorts().put(i * stride, shorts, 0, k);
            } else {
                weights.read(run, floats, 0);
                tile.floats().put(i * stride, floats, 0, k);
            }
        }
    }

    /** Some rows of a weight. */
    record Rows(int from, int count) {}

    /**
     * Dequantizes rows of a weight to native memory and puts {@code extra} more values behind each.
     *
     * @param behind N × extra
     */
    void readTile(QuantizedMatrix weight, Rows rows, NativeScratch tile, float[] behind, int extra) {
        int k = weight.columns();
        int width = k + extra;
        grow(width);
        for (int i = 0; i < rows.count; i++) {
            WeightReader.Run run = new WeightReader.Run(weight, rows.from + i, 0, k);
            int at = (rows.from + i) * extra;
            if (bfloat16) {
                weights.readBfloat16(run, shorts, 0);
                weights.round(behind, at, extra, shorts, k);
                tile.shorts().put(i * width, shorts, 0, width);
            } else {
                weights.read(run, floats, 0);
                System.arraycopy(behind, at, floats, k, extra);
                tile.floats().put(i * width, floats, 0, width);
            }
        }
    }

    /** Dequantizes one row of a weight, in float. */
    void readRow(QuantizedMatrix weight, int row, float[] out) {
        weights.read(new WeightReader.Run(weight, row, 0, weight.columns()), out, 0);
    }

    private void grow(int count) {
        if (floats.length < count) {
            floats = new float[count];
            shorts = new short[count];
        }
    }

    @Override
    public void close() {
        plans.close();
        stream.close();
    }
}
