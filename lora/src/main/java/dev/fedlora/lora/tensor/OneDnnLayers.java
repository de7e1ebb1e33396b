package dev.fedlora.lora.tensor;

import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.tensor.OneDnnPlan.Strides;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Adapted layers by oneDNN when one adapter covers all rows. The factors ride along with the base weight: a tile is [W B],
 * the input [x h], so that
 *
 * <pre>
 * h        = s x Aᵀ              of all layers at once
 * y        = [x h] [W B]ᵀ
 * [dx dh]  = Σ over the layers of dy [W B],   dx += s dh A
 * </pre>
 *
 * <p>Each layer has columns of its own in h, and zeros in those of the others. Only the gradients of the factors are
 * products of their own:
 *
 * <pre>
 * dB = dyᵀ (s h)    of each layer
 * dA = (s dh)ᵀ x    of all layers at once
 * </pre>
 *
 * <p>Where they are wanted for runs of rows, as per-example gradients are, they are computed in Java and in float.
 */
final class OneDnnLayers implements AutoCloseable {
    // columns of h are rounded up to this many, so that rows of [x h] start at whole vectors
    private static final int RANK_STEP = 16;

    private final OneDnnWorker worker;
    private final MatrixProducts dense;
    private final NativeScratch in = new NativeScratch();
    private final NativeScratch tile = new NativeScratch();
    private final NativeScratch out = new NativeScratch();
    private final NativeScratch factors = new NativeScratch();
    private final NativeScratch hidden = new NativeScratch();
    private final NativeScratch product = new NativeScratch();
    private float[] ranks = new float[0];
    private float[] up = new float[0];

    OneDnnLayers(OneDnnWorker worker, MatrixProducts dense) {
        this.worker = worker;
        this.dense = dense;
    }

    /** What all products of one call share. */
    private record Call(List<AdaptedLayer> layers, int rows, int padded, int k, int rank, int extra) {
        static Call of(List<AdaptedLayer> layers, int rows) {
            int rank = 0;
            for (AdaptedLayer layer : layers) {
                rank += OneDnnLayers.rank(layer);
            }
            int k = layers.get(0).weight().columns();
            int extra = (rank + RANK_STEP - 1) / RANK_STEP * RANK_STEP;
            return new Call(layers, rows, OneDnnWorker.padded(rows), k, rank, extra);
        }

        int width() {
            return k + extra;
        }
    }

    /** Says whether every layer has one pair of factors for all rows, or none. */
    static boolean covers(List<AdaptedLayer> layers, int rows) {
        for (AdaptedLayer layer : layers) {
            List<LoraRun> runs = layer.runs();
            for (int i = 0; i < runs.size(); i++) {
                int end = i + 1 < runs.size() ? runs.get(i + 1).firstRow() : rows;
                if (runs.get(i).endRow() != end
                        || (i == 0 && runs.get(i).firstRow() != 0)
                        || (i > 0 && !runs.get(i - 1).continuesWith(runs.get(i)))) {
                    return false;
                }
            }
        }
        return true;
    }

    /** @throws UnsupportedOperationException when oneDNN has no fast kernel for a product; no output is written then */
    void forward(List<AdaptedLayer> layers, Panel x, int rows, boolean accumulate) {
        Call call = Call.of(layers, rows);
        for (AdaptedLayer layer : layers) {
            Operands.checkForward(layer.weight(), x, rows, layer.output());
            forEachTile(call, layer.weight(), (from, count) -> forwardPlan(call, count));
        }
        int width = call.width();
        worker.copyIn(x, rows, call.k, worker.room(in, (long) call.padded * width), width);
        if (call.rank > 0) {
            hiddenForward(call);
        }
        for (AdaptedLayer layer : layers) {
            spreadUp(call, layer);
            forEachTile(call, layer.weight(), (from, count) -> {
                readTile(call, layer.weight(), from, count);
                out.room((long) call.padded * count, Float.BYTES);
                worker.execute(forwardPlan(call, count), in.address(), tile.address(), out.address());
                Panel y = layer.output();
                out.copyOut(new Panel(y.values(), y.offset() + from, y.stride()), rows, count, accumulate);
            });
        }
    }

    private OneDnnPlan forwardPlan(Call call, int count) {
        int width = call.width();
        return worker.plan(call.padded, count, width, Strides.rows(width), Strides.transposed(width), count, false);
    }

    /** h = x Aᵀ into the runs, and s h into the last columns of [x h]. */
    private void hiddenForward(Call call) {
        copyDown(call);
        int width = call.width();
        hidden.room((long) call.padded * call.rank, Float.BYTES);
        OneDnnPlan plan = worker.plan(
                call.padded, call.rank, call.k, Strides.rows(width), Strides.transposed(call.k), call.rank, false);
        worker.execute(plan, in.address(), factors.address(), hidden.address());
        float[] h = ranks(call);
        float[] row = new float[call.rank];
        for (int r = 0; r < call.rows; r++) {
            hidden.floats().get(r * call.rank, row, 0, call.rank);
            int column = 0;
            for (AdaptedLayer layer : call.layers) {
                if (!layer.runs().isEmpty()) {
                    LoraRun run = layer.runs().get(0); // its hidden matrix goes on through the others'
                    Panel to = run.hidden();
                    System.arraycopy(row, column, to.values(), to.offset() + r * to.stride(), run.rank());
                    for (int j = 0; j < run.rank(); j++) {
                        h[r * call.extra + column + j] = run.scale() * row[column + j];
                    }
                    column += run.rank();
                }
            }
            worker.put(h, r * call.extra, call.extra, in, r * width + call.k);
        }
    }

    /** Returns zeros: padded × extra. */
    private float[] ranks(Call call) {
        int size = call.padded * call.extra;
        if (ranks.length < size) {
            ranks = new float[size];
        }
        Arrays.fill(ranks, 0, size, 0);
        return ranks;
    }

    /** factors (rank × K) = the layers' A, one below the other. */
    private void copyDown(Call call) {
        worker.room(factors, (long) call.rank * call.k);
        int row = 0;
        for (AdaptedLayer layer : call.layers) {
            if (!layer.runs().isEmpty()) {
                LoraRun run = layer.runs().get(0);
                worker.put(run.a(), 0, run.rank() * call.k, factors, row * call.k);
                row += run.rank();
            }
        }
    }

    /** up (N × extra) = a layer's B in its own columns, zeros in the others'. */
    private void spreadUp(Call call, AdaptedLayer layer) {
        int n = layer.weight().rows();
        if (up.length < n * call.extra) {
            up = new float[n * call.extra];
        }
        Arrays.fill(up, 0, n * call.extra, 0);
        int column = column(call, layer);
        for (LoraRun run : layer.runs().subList(0, Math.min(1, layer.runs().size()))) {
            for (int i = 0; i < n; i++) {
                System.arraycopy(run.b(), i * run.rank(), up, i * call.extra + column, run.rank());
            }
        }
    }

    private void readTile(Call call, QuantizedMatrix weight, int from, int count) {
        worker.readTile(
                weight,
                new OneDnnWorker.Rows(from, count),
                worker.room(tile, (long) count * call.width()),
                up,
                call.extra);
    }

    private void forEachTile(Call call, QuantizedMatrix weight, Tile action) {
        int step = worker.tileRows(call.width());
        for (int from = 0; from < weight.rows(); from += step) {
            action.at(from, Math.min(step, weight.rows() - from));
        }
    }

    private interface Tile {
        void at(int from, int count);
    }

    // ---- the way back

    /** @throws UnsupportedOperationException when oneDNN has no fast kernel for a product; nothing is written then */
    void backward(List<AdaptedLayer> layers, Panel x, int rows, @Nullable Panel dx, boolean accumulate) {
        Call call = Call.of(layers, rows);
        for (AdaptedLayer layer : layers) {
            int n = layer.weight().rows();
            layer.output().requireHolds("dy of " + layer.weight().name(), rows, n);
            forEachTile(call, layer.weight(), (from, count) -> backwardPlan(call, n, count, true));
            upGradientPlans(call, layer);
        }
        if (dx == null && call.rank == 0) {
            return;
        }
        if (call.rank > 0) { // all plans before anything is added to: a refusal must leave the gradients as they were
            inputGradientPlan(call);
            downGradientPlan(call);
        }
        out.room((long) call.padded * call.width(), Float.BYTES);
        if (call.rank > 0) {
            copyHidden(call);
        }
        boolean add = false;
        for (AdaptedLayer layer : layers) {
            int n = layer.weight().rows();
            spreadUp(call, layer);
            copyIn(layer.output(), call, n);
            outputBackward(call, layer, add);
            upGradient(call, layer);
            add = true;
        }
        if (call.rank > 0) {
            hiddenBackward(call, dx != null);
            downGradients(call, x);
        }
        if (dx != null) {
            out.copyOut(dx, rows, call.k, accumulate, call.width());
        }
    }

    /** in (padded × columns) = from; padded rows are zeros, because here rows are summed over. */
    private void copyIn(Panel from, Call call, int columns) {
        worker.copyIn(from, call.rows, columns, worker.room(in, (long) call.padded * columns), columns);
        int missing = (call.padded - call.rows) * columns;
        if (missing > 0) {
            worker.put(new float[missing], 0, missing, in, call.rows * columns);
        }
    }

    /** [dx dh] = or += dy [W B] */
    private void outputBackward(Call call, AdaptedLayer layer, boolean add) {
        int n = layer.weight().rows();
        forEachTile(call, layer.weight(), (from, count) -> {
            readTile(call, layer.weight(), from, count);
            OneDnnPlan plan = backwardPlan(call, n, count, add || from > 0);
            worker.execute(plan, worker.at(in, from), tile.address(), out.address());
        });
    }

    private OneDnnPlan backwardPlan(Call call, int n, int count, boolean sum) {
        int width = call.width();
        return worker.plan(call.padded, width, count, Strides.rows(n), Strides.rows(width), width, sum);
    }

    /** hidden (padded × extra) = s h of every layer; padded rows are zeros. */
    private void copyHidden(Call call) {
        float[] h = ranks(call);
        int column = 0;
        for (AdaptedLayer layer : call.layers) {
            for (LoraRun run : layer.runs()) {
                copyHidden(call, run, h, column);
            }
            column += rank(layer);
        }
        worker.put(h, 0, call.padded * call.extra, worker.room(hidden, (long) call.padded * call.extra), 0);
    }

    private static void copyHidden(Call call, LoraRun run, float[] h, int column) {
        Panel from = run.hidden();
        for (int r = 0; r < run.rows(); r++) {
            int to = (run.firstRow() + r) * call.extra + column;
            for (int j = 0; j < run.rank(); j++) {
                h[to + j] = run.scale() * from.values()[from.offset() + r * from.stride() + j];
            }
        }
    }

    /** dB += dyᵀ (s h), a run at a time; dy still lies in {@code in}. */
    private void upGradient(Call call, AdaptedLayer layer) {
        int n = layer.weight().rows();
        int column = column(call, layer);
        for (LoraRun run : layer.runs()) {
            LoraRun.Gradient gradient = run.gradient();
            if (gradient == null || gradient.b() == null) {
                continue;
            }
            int r = run.rank();
            if (run.rows() == call.rows) {
                OneDnnPlan plan =
                        worker.plan(n, r, call.padded, Strides.transposed(n), Strides.rows(call.extra), r, false);
                product.room((long) n * r, Float.BYTES);
                worker.execute(plan, in.address(), worker.at(hidden, column), product.address());
                product.copyOut(gradient.b(), n, r, true);
            } else { // as many lengths as there are examples: not worth a plan each
                MatrixProducts.Shape shape = new MatrixProducts.Shape(n, r, run.rows(), true, false, run.scale(), true);
                dense.multiply(shape, layer.output().from(run.firstRow()), run.hidden(), gradient.b());
            }
        }
    }

    private void upGradientPlans(Call call, AdaptedLayer layer) {
        for (LoraRun run : layer.runs()) {
            if (run.rows() == call.rows) {
                upGradientPlan(call, layer.weight().rows(), run.rank());
            }
        }
    }

    private OneDnnPlan upGradientPlan(Call call, int n, int r) {
        return worker.plan(n, r, call.padded, Strides.transposed(n), Strides.rows(call.extra), r, false);
    }

    private OneDnnPlan inputGradientPlan(Call call) {
        int width = call.width();
        return worker.plan(call.padded, call.k, call.rank, Strides.rows(call.extra), Strides.rows(call.k), width, true);
    }

    private OneDnnPlan downGradientPlan(Call call) {
        return worker.plan(
                call.rank, call.k, call.padded, Strides.transposed(call.extra), Strides.rows(call.k), call.k, false);
    }

    /** Turns dh in the last columns of {@code out} into s dh in {@code hidden}, and adds s dh A to dx where it is wanted. */
    private void hiddenBackward(Call call, boolean inputWanted) {
        int width = call.width();
        float[] dh = ranks(call);
        float[] scales = new float[call.extra];
        for (AdaptedLayer layer : call.layers) {
            int column = column(call, layer);
            Arrays.fill(
                    scales,
                    column,
                    column + rank(layer),
                    layer.runs().isEmpty() ? 0 : layer.runs().get(0).scale());
        }
        for (int r = 0; r < call.rows; r++) {
            out.floats().get(r * width + call.k, dh, r * call.extra, call.extra);
            for (int j = 0; j < call.extra; j++) {
                dh[r * call.extra + j] *= scales[j];
            }
        }
        worker.put(dh, 0, call.padded * call.extra, hidden, 0);
        if (inputWanted) {
            copyDown(call);
            worker.execute(inputGradientPlan(call), hidden.address(), factors.address(), out.address());
        }
    }

    /** dA += (s dh)ᵀ x: of all layers at once where each has one run. */
    private void downGradients(Call call, Panel x) {
        boolean whole = true;
        boolean wanted = false;
        for (AdaptedLayer layer : call.layers) {
            for (LoraRun run : layer.runs()) {
                whole &= run.rows() == call.rows;
                wanted |= run.gradient() != null && run.gradient().a() != null;
            }
        }
        if (!wanted) {
            return;
        }
        if (whole) {
            copyIn(x, call, call.k);
            OneDnnPlan plan = worker.plan(
                    call.rank,
                    call.k,
                    call.padded,
                    Strides.transposed(call.extra),
                    Strides.rows(call.k),
                    call.k,
                    false);
            product.room((long) call.rank * call.k, Float.BYTES);
            worker.execute(plan, hidden.address(), in.address(), product.address());
        }
        for (AdaptedLayer layer : call.layers) {
            for (LoraRun run : layer.runs()) {
                LoraRun.Gradient gradient = run.gradient();
                if (gradient != null && gradient.a() != null) {
                    downGradient(call, x, new Place(column(call, layer), whole), run, gradient.a());
                }
            }
        }
    }

    private void downGradient(Call call, Panel x, Place place, LoraRun run, Panel gradient) {
        int r = run.rank();
        int k = call.k;
        if (place.isComputed) {
            product.addOut(place.column * k, gradient, r, k);
        } else {
            MatrixProducts.Shape shape = new MatrixProducts.Shape(r, k, run.rows(), true, false, 1, true);
            Panel dh = new Panel(ranks, run.firstRow() * call.extra + place.column, call.extra);
            dense.multiply(shape, dh, x.from(run.firstRow()), gradient);
        }
    }

    /** Where a layer's factors stand among those of all layers, and whether the gradients of all A are in {@code product}. */
    private record Place(int column, boolean isComputed) {}

    private static int rank(AdaptedLayer layer) {
        return layer.runs().isEmpty() ? 0 : layer.runs().get(0).rank();
    }

    /** Returns the first of the columns of h that are a layer's own. */
    private static int column(Call call, AdaptedLayer layer) {
        int column = 0;
        for (AdaptedLayer before : call.layers) {
            if (before == layer) {
                return column;
            }
            column += rank(before);
        }
        throw new IllegalArgumentException("not a layer of this call");
    }

    @Override
    public void close() {
        for (NativeScratch each : new NativeScratch[] {in, tile, out, factors, hidden, product}) {
            each.close();
        }
    }
}
