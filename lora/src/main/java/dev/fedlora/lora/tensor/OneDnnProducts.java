package dev.fedlora.lora.tensor;

import dev.fedlora.lora.quant.QuantizedMatrix;
import java.util.List;
import org.bytedeco.dnnl.engine;
import org.jspecify.annotations.Nullable;

/**
 * Products of one worker by oneDNN: activations are copied to native scratch, the weight is dequantized into it a tile of
 * rows at a time, and the result is copied back. Products of two small dense matrices do not gain by that where the Vector
 * API is there; they, and shapes for which oneDNN has no fast kernel, stay in Java and in float.
 */
final class OneDnnProducts implements MatrixProducts {
    private final OneDnnWorker worker;
    private final MatrixProducts dense;
    private final NativeScratch in = new NativeScratch();
    private final NativeScratch tile = new NativeScratch();
    private final NativeScratch out = new NativeScratch();
    private final OneDnnLayers layers;
    private final OneDnnAttention attention;
    private final OneDnnOutputLoss outputLoss;

    OneDnnProducts(engine engine, boolean bfloat16) {
        worker = new OneDnnWorker(engine, bfloat16);
        dense = IncubatorClasses.load("VectorProducts", MatrixProducts.class)
                .orElseGet(() -> new ReferenceBackend().open());
        layers = new OneDnnLayers(worker, dense);
        attention = new OneDnnAttention(worker);
        outputLoss = new OneDnnOutputLoss(worker);
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
        int padded = OneDnnWorker.padded(rows);
        int step = worker.tileRows(k);
        OneDnnPlan.Strides source = OneDnnPlan.Strides.rows(k);
        OneDnnPlan.Strides transposed = OneDnnPlan.Strides.transposed(k);
        // the rows past the batch's end hold whatever was there: rows do not mix, and theirs are not copied out
        worker.copyIn(x, rows, k, worker.room(in, (long) padded * k), k);
        out.room((long) padded * n, Float.BYTES);
        worker.room(tile, (long) Math.min(step, n) * k);
        for (int from = 0; from < n; from += step) {
            int count = Math.min(step, n - from);
            OneDnnPlan plan = worker.plan(padded, count, k, source, transposed, n, false);
            worker.readTile(weight, from, count, tile, k);
            worker.execute(plan, in.address(), tile.address(), out.address() + (long) Float.BYTES * from);
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
        int padded = OneDnnWorker.padded(rows);
        int step = worker.tileRows(k);
        OneDnnPlan.Strides source = OneDnnPlan.Strides.rows(n);
        OneDnnPlan.Strides plain = OneDnnPlan.Strides.rows(k);
        worker.copyIn(dy, rows, n, worker.room(in, (long) padded * n), n);
        out.room((long) padded * k, Float.BYTES);
        worker.room(tile, (long) Math.min(step, n) * k);
        for (int from = 0; from < n; from += step) {
            int count = Math.min(step, n - from);
            OneDnnPlan plan = worker.plan(padded, k, count, source, plain, k, from > 0);
            worker.readTile(weight, from, count, tile, k);
            worker.execute(plan, worker.at(in, from), tile.address(), out.address());
        }
    }

    @Override
    public void multiply(Shape shape, Panel a, Panel b, Panel c) {
        dense.multiply(shape, a, b, c);
    }

    @Override
    public void forward(List<AdaptedLayer> group, Panel x, int rows, boolean accumulate) {
        if (OneDnnLayers.covers(group, rows)) {
            try {
                layers.forward(group, x, rows, accumulate);
                return;
            } catch (UnsupportedOperationException refused) { // logged where it was found
            }
        }
        MatrixProducts.super.forward(group, x, rows, accumulate);
    }

    @Override
    public void backward(List<AdaptedLayer> group, Panel x, int rows, @Nullable Panel dx, boolean accumulate) {
        if (OneDnnLayers.covers(group, rows)) {
            try {
                layers.backward(group, x, rows, dx, accumulate);
                return;
            } catch (UnsupportedOperationException refused) { // logged where it was found
            }
        }
        MatrixProducts.super.backward(group, x, rows, dx, accumulate);
    }

    @Override
    public void attention(AttentionShape shape, AttentionShape.Operands in, Panel context) {
        try {
            attention.forward(shape, in, context);
        } catch (UnsupportedOperationException refused) {
            MatrixProducts.super.attention(shape, in, context);
        }
    }

    @Override
    public void attentionBackward(
            AttentionShape shape, AttentionShape.Operands in, Panel dContext, AttentionShape.Operands gradient) {
        try {
            attention.backward(shape, in, dContext, gradient);
        } catch (UnsupportedOperationException refused) {
            MatrixProducts.super.attentionBackward(shape, in, dContext, gradient);
        }
    }

    @Override
    public double crossEntropy(OutputLoss loss) {
        try {
            return outputLoss.compute(loss);
        } catch (UnsupportedOperationException refused) {
            return MatrixProducts.super.crossEntropy(loss);
        }
    }

    @Override
    public void close() {
        in.close();
        tile.close();
        out.close();
        layers.close();
        attention.close();
        outputLoss.close();
        worker.close();
        dense.close();
    }
}
