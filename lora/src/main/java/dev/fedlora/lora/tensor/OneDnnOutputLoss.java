package dev.fedlora.lora.tensor;

import dev.fedlora.lora.quant.QuantizedMatrix;
import java.util.Arrays;

/**
 * Output loss in one pass over the output matrix: each tile of the vocabulary is dequantized once, gives its logits, and
 * takes part in the gradient before it leaves the cache. Logits and probabilities never exist for the whole vocabulary, so
 * memory is that of a tile, whatever the vocabulary.
 *
 * <pre>
 * for each tile:  l = h Wᵀ;  e = exp(l - m), 0 at the target;  others += Σ e;  g += e W
 * loss = log(others + e_target) + m - l_target
 * dh   = weight (g - others · W_target) / (others + e_target)
 * </pre>
 *
 * <p>m is the largest logit of the first tile; where a later one is far above it, sums and gradient are scaled down to it,
 * as in online softmax (Milakov, Gimelshein, Online normalizer calculation for softmax, 2018, arXiv 1805.02867). The
 * target's part stays out of the products so that 1 - p keeps its precision where the model is sure.
 */
final class OneDnnOutputLoss implements AutoCloseable {
    // e^30 times a sum over any vocabulary is far from overflow, and rescaling is rare
    private static final float HEADROOM = 30;

    private final OneDnnWorker worker;
    private final Exponentials exponentials =
            IncubatorClasses.load("VectorExponentials", Exponentials.class).orElseGet(PlainExponentials::new);
    private final NativeScratch hidden = new NativeScratch();
    private final NativeScratch tile = new NativeScratch();
    private final NativeScratch logits = new NativeScratch();
    private final NativeScratch exponents = new NativeScratch();
    private final NativeScratch gradient = new NativeScratch();
    private float[] row = new float[0];
    private float[] target = new float[0];
    private float[] shift = new float[0];
    private float[] targetLogit = new float[0];
    private double[] others = new double[0];

    OneDnnOutputLoss(OneDnnWorker worker) {
        this.worker = worker;
    }

    /** @throws UnsupportedOperationException when oneDNN has no fast kernel for a product; nothing is written then */
    double compute(OutputLoss loss) {
        int count = loss.rows().length;
        if (count > 0) {
            reserve(loss, count);
            copyIn(loss);
            forEachTile(loss);
        }
        finish(loss, count);
        return loss.sum();
    }

    private void reserve(OutputLoss loss, int count) {
        int d = loss.output().columns();
        int step = Math.min(worker.tileRows(d), loss.output().rows());
        int padded = OneDnnWorker.padded(count);
        worker.room(hidden, (long) padded * d);
        worker.room(tile, (long) step * d);
        logits.room((long) padded * step, Float.BYTES);
        worker.room(exponents, (long) padded * step);
        gradient.room((long) padded * d, Float.BYTES);
        if (row.length < Math.max(step, d)) {
            row = new float[Math.max(step, d)];
            target = new float[Math.max(step, d)];
        }
        if (shift.length < count) {
            shift = new float[count];
            targetLogit = new float[count];
            others = new double[count];
        }
        Arrays.fill(others, 0, count, 0);
    }

    private void copyIn(OutputLoss loss) {
        int d = loss.output().columns();
        for (int i = 0; i < loss.rows().length; i++) {
            Panel from = loss.hidden().from(loss.rows()[i]);
            worker.put(from.values(), from.offset(), d, hidden, i * d);
        }
    }

    private void forEachTile(OutputLoss loss) {
        QuantizedMatrix output = loss.output();
        int d = output.columns();
        int padded = OneDnnWorker.padded(loss.rows().length);
        int step = worker.tileRows(d);
        OneDnnPlan.Strides states = OneDnnPlan.Strides.rows(d);
        for (int from = 0; from < output.rows(); from += step) {
            int count = Math.min(step, output.rows() - from);
            OneDnnPlan.Strides scores = OneDnnPlan.Strides.rows(count);
            OneDnnPlan forward = worker.plan(padded, count, d, states, OneDnnPlan.Strides.transposed(d), count, false);
            OneDnnPlan backward = worker.plan(padded, d, count, scores, states, d, from > 0);
            worker.readTile(output, from, count, tile, d);
            worker.execute(forward, hidden.address(), tile.address(), logits.address());
            exponentiate(loss, from, count);
            if (loss.hiddenGradient() != null) {
                worker.execute(backward, exponents.address(), tile.address(), gradient.address());
            }
        }
    }

    private void exponentiate(OutputLoss loss, int from, int count) {
        for (int i = 0; i < loss.rows().length; i++) {
            logits.floats().get(i * count, row, 0, count);
            float largest = exponentials.largest(row, 0, count);
            if (from == 0) {
                shift[i] = largest;
            } else if (largest > shift[i] + HEADROOM) {
                rescale(i, largest, loss.output().columns());
            }
            int at = loss.targets()[i] - from;
            if (at >= 0 && at < count) {
                targetLogit[i] = row[at];
                row[at] = Float.NEGATIVE_INFINITY;
            }
            others[i] += exponentials.exp(row, 0, count, shift[i]);
            worker.put(row, 0, count, exponents, i * count);
        }
    }

    private void rescale(int i, float newShift, int d) {
        double factor = Math.exp((double) shift[i] - newShift);
        others[i] *= factor;
        gradient.floats().get(i * d, target, 0, d);
        for (int j = 0; j < d; j++) {
            target[j] = (float) (target[j] * factor);
        }
        gradient.floats().put(i * d, target, 0, d);
        shift[i] = newShift;
    }

    private void finish(OutputLoss loss, int count) {
        int d = loss.output().columns();
        Panel dh = loss.hiddenGradient();
        if (dh != null) {
            for (int r = 0; r < loss.batchRows(); r++) {
                Arrays.fill(dh.values(), dh.offset() + r * dh.stride(), dh.offset() + r * dh.stride() + d, 0);
            }
        }
        for (int i = 0; i < count; i++) {
            double margin = (double) targetLogit[i] - shift[i];
            double total = others[i] + Math.exp(margin);
            loss.losses()[i] = Math.log(total) - margin;
            if (dh != null) {
                gradientRow(loss, i, dh.from(loss.rows()[i]), total);
            }
        }
    }

    private void gradientRow(OutputLoss loss, int i, Panel to, double total) {
        int d = loss.output().columns();
        gradient.floats().get(i * d, row, 0, d);
        worker.readRow(loss.output(), loss.targets()[i], target);
        float factor = (float) (loss.weights()[i] / total);
        float sum = (float) others[i];
        float[] out = to.values();
        for (int j = 0; j < d; j++) {
            row[j] = (row[j] - sum * target[j]) * factor;
        }
        System.arraycopy(row, 0, out, to.offset(), d);
    }

    @Override
    public void close() {
        hidden.close();
        tile.close();
        logits.close();
        exponents.close();
        gradient.close();
    }
}
