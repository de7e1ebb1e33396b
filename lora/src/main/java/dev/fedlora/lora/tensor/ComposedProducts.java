package dev.fedlora.lora.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What {@link MatrixProducts} says of adapted layers, attention and output loss, put together from its three elementary
 * products: the specification of the back ends that do it in one piece, and what the others run.
 */
final class ComposedProducts {
    // queries at a time: scores of 64 x 2048 floats stay in a level 2 cache, and a causal block wastes at most 63
    // columns
    private static final int QUERY_ROWS = 64;
    // logits at a time, in values: 16 MiB, which bounds memory for any vocabulary
    private static final int MOST_LOGITS = 1 << 22;

    private final MatrixProducts products;

    ComposedProducts(MatrixProducts products) {
        this.products = products;
    }

    // ---- adapted layers

    void forward(List<AdaptedLayer> layers, Panel x, int rows, boolean accumulate) {
        for (AdaptedLayer layer : layers) {
            int n = layer.weight().rows();
            int k = layer.weight().columns();
            products.forward(layer.weight(), x, rows, layer.output(), accumulate);
            for (LoraRun run : joined(layer.runs())) {
                int r = run.rank();
                MatrixProducts.Shape down = new MatrixProducts.Shape(run.rows(), r, k, false, true, 1, false);
                products.multiply(down, x.from(run.firstRow()), Panel.of(run.a(), k), run.hidden());
                MatrixProducts.Shape up = new MatrixProducts.Shape(run.rows(), n, r, false, true, run.scale(), true);
                products.multiply(
                        up, run.hidden(), Panel.of(run.b(), r), layer.output().from(run.firstRow()));
            }
        }
    }

    void backward(List<AdaptedLayer> layers, Panel x, int rows, @Nullable Panel dx, boolean accumulate) {
        boolean add = accumulate;
        for (AdaptedLayer layer : layers) {
            if (dx != null) {
                products.backward(layer.weight(), layer.output(), rows, dx, add);
                add = true;
            }
            int most = layer.runs().stream()
                    .mapToInt(run -> run.rows() * run.rank())
                    .max()
                    .orElse(0);
            float[] scratch = new float[most];
            for (LoraRun run : layer.runs()) {
                backward(layer, run, x, dx, scratch);
            }
        }
    }

    private void backward(AdaptedLayer layer, LoraRun run, Panel x, @Nullable Panel dx, float[] scratch) {
        int n = layer.weight().rows();
        int k = layer.weight().columns();
        int r = run.rank();
        int rows = run.rows();
        Panel dy = layer.output().from(run.firstRow());
        Panel dh = Panel.of(scratch, r);
        LoraRun.Gradient gradient = run.gradient();
        if (gradient != null && gradient.b() != null) {
            MatrixProducts.Shape shape = new MatrixProducts.Shape(n, r, rows, true, false, run.scale(), true);
            products.multiply(shape, dy, run.hidden(), gradient.b());
        }
        boolean aWanted = gradient != null && gradient.a() != null;
        if (aWanted || dx != null) {
            MatrixProducts.Shape shape = new MatrixProducts.Shape(rows, r, n, false, false, run.scale(), false);
            products.multiply(shape, dy, Panel.of(run.b(), r), dh);
        }
        if (gradient != null && gradient.a() != null) {
            MatrixProducts.Shape shape = new MatrixProducts.Shape(r, k, rows, true, false, 1, true);
            products.multiply(shape, dh, x.from(run.firstRow()), gradient.a());
        }
        if (dx != null) {
            MatrixProducts.Shape shape = new MatrixProducts.Shape(rows, k, r, false, false, 1, true);
            products.multiply(shape, dh, Panel.of(run.a(), k), dx.from(run.firstRow()));
        }
    }

    /** Neighbours with the same factors as one run: one product instead of many small ones. */
    static List<LoraRun> joined(List<LoraRun> runs) {
        if (runs.size() < 2) {
            return runs;
        }
        List<LoraRun> joined = new ArrayList<>();
        LoraRun last = runs.get(0);
        for (LoraRun next : runs.subList(1, runs.size())) {
            if (last.continuesWith(next)) {
                last = new LoraRun(
                        last.firstRow(),
                        last.rows() + next.rows(),
                        last.rank(),
                        last.scale(),
                        last.a(),
                        last.b(),
                        last.hidden(),
                        null);
            } else {
                joined.add(last);
                last = next;
            }
        }
        joined.add(last);
        return joined;
    }

    // ---- attention

    void attention(AttentionShape shape, AttentionShape.Operands in, Panel context) {
        float[] scratch = new float[Math.min(QUERY_ROWS, shape.longest()) * shape.longest()];
        forEachBlock(shape, block -> {
            Panel weights = weights(shape, in, block, scratch);
            MatrixProducts.Shape mix =
                    new MatrixProducts.Shape(block.queries, shape.headWidth(), block.keys, false, false, 1, false);
            products.multiply(mix, weights, block.keys(in.values()), block.queries(context));
        });
    }

    /**
     * <pre>
     * dv = Pᵀ dcontext,  dP = dcontext vᵀ,  dS = P ∘ (dP - rowsum(P ∘ dP)),  dq = dS k · scale,  dk = dSᵀ q · scale
     * </pre>
     */
    void attentionBackward(
            AttentionShape shape, AttentionShape.Operands in, Panel dContext, AttentionShape.Operands gradient) {
        int e = shape.headWidth();
        int size = Math.min(QUERY_ROWS, shape.longest()) * shape.longest();
        float[] scratch = new float[size];
        float[] scoreGradients = new float[size];
        clear(gradient.keys(), shape.rows(), shape.keyHeads() * e);
        clear(gradient.values(), shape.rows(), shape.keyHeads() * e);
        forEachBlock(shape, block -> {
            int t = block.queries;
            int n = block.keys;
            Panel weights = weights(shape, in, block, scratch);
            Panel scores = Panel.of(scoreGradients, n);
            Panel dc = block.queries(dContext);
            products.multiply(
                    new MatrixProducts.Shape(n, e, t, true, false, 1, true),
                    weights,
                    dc,
                    block.keys(gradient.values()));
            products.multiply(
                    new MatrixProducts.Shape(t, n, e, false, true, 1, false), dc, block.keys(in.values()), scores);
            RowKernels.softmaxBackward(weights, t, n, scores);
            products.multiply(
                    new MatrixProducts.Shape(t, e, n, false, false, shape.scale(), false),
                    scores,
                    block.keys(in.keys()),
                    block.queries(gradient.queries()));
            products.multiply(
                    new MatrixProducts.Shape(n, e, t, true, false, shape.scale(), true),
                    scores,
                    block.queries(in.queries()),
                    block.keys(gradient.keys()));
        });
    }

    private static void clear(Panel panel, int rows, int columns) {
        for (int r = 0; r < rows; r++) {
            int from = panel.offset() + r * panel.stride();
            Arrays.fill(panel.values(), from, from + columns, 0);
        }
    }

    /** Softmax of the scores of one block of queries; keys that a query may not see have weight 0. */
    private Panel weights(AttentionShape shape, AttentionShape.Operands in, Block block, float[] scratch) {
        Panel scores = Panel.of(scratch, block.keys);
        MatrixProducts.Shape product = new MatrixProducts.Shape(
                block.queries, block.keys, shape.headWidth(), false, true, shape.scale(), false);
        products.multiply(product, block.queries(in.queries()), block.keys(in.keys()), scores);
        if (shape.causal()) {
            for (int i = 0; i < block.queries; i++) {
                int visible = block.keys - block.queries + i + 1;
                Arrays.fill(scratch, i * block.keys + visible, (i + 1) * block.keys, Float.NEGATIVE_INFINITY);
            }
        }
        RowKernels.softmax(scores, block.queries, block.keys);
        return scores;
    }

    private static void forEachBlock(AttentionShape shape, Consumer<Block> action) {
        int group = shape.heads() / shape.keyHeads();
        for (int s = 0; s + 1 < shape.starts().length; s++) {
            int first = shape.starts()[s];
            int length = shape.starts()[s + 1] - first;
            for (int h = 0; h < shape.heads(); h++) {
                int queryColumn = h * shape.headWidth();
                int keyColumn = h / group * shape.headWidth();
                for (int from = 0; from < length; from += QUERY_ROWS) {
                    int end = Math.min(length, from + QUERY_ROWS);
                    int keys = shape.causal() ? end : length;
                    action.accept(new Block(first + from, end - from, first, keys, queryColumn, keyColumn));
                }
            }
        }
    }

    /** Some queries of one head of one sequence, and the keys that any of them may see. */
    private record Block(int firstQuery, int queries, int firstKey, int keys, int queryColumn, int keyColumn) {
        Panel queries(Panel all) {
            return new Panel(all.values(), all.offset() + firstQuery * all.stride() + queryColumn, all.stride());
        }

        Panel keys(Panel all) {
            return new Panel(all.values(), all.offset() + firstKey * all.stride() + keyColumn, all.stride());
        }
    }

    // ---- output loss

    double crossEntropy(OutputLoss loss) {
        int v = loss.output().rows();
        int d = loss.output().columns();
        int step = Math.max(1, Math.min(loss.rows().length, MOST_LOGITS / v));
        float[] hidden = new float[step * d];
        float[] logits = new float[step * v];
        if (loss.hiddenGradient() != null) {
            clear(loss.hiddenGradient(), loss.batchRows(), d);
        }
        for (int from = 0; from < loss.rows().length; from += step) {
            int count = Math.min(step, loss.rows().length - from);
            for (int i = 0; i < count; i++) {
                Panel row = loss.hidden().from(loss.rows()[from + i]);
                System.arraycopy(row.values(), row.offset(), hidden, i * d, d);
            }
            products.forward(loss.output(), Panel.of(hidden, d), count, Panel.of(logits, v), false);
            turnIntoGradients(loss, from, count, logits);
            if (loss.hiddenGradient() != null) {
                products.backward(loss.output(), Panel.of(logits, v), count, Panel.of(hidden, d), false);
                for (int i = 0; i < count; i++) {
                    Panel row = loss.hiddenGradient().from(loss.rows()[from + i]);
                    System.arraycopy(hidden, i * d, row.values(), row.offset(), d);
                }
            }
        }
        return loss.sum();
    }

    /** Writes the losses, and weight · (softmax - onehot) over the logits. */
    private static void turnIntoGradients(OutputLoss loss, int from, int count, float[] logits) {
        int v = loss.output().rows();
        for (int i = 0; i < count; i++) {
            int start = i * v;
            int highest = start;
            for (int j = start; j < start + v; j++) {
                highest = logits[j] > logits[highest] ? j : highest;
            }
            int target = start + loss.targets()[from + i];
            double margin = (double) logits[highest] - logits[target];
            RowKernels.softmax(new Panel(logits, start, v), 1, v);
            // the highest logit's probability is 1 / Σ exp(logit - highest)
            loss.losses()[from + i] = margin - Math.log(logits[highest]);
            logits[target] -= 1;
            RowKernels.scale(loss.weights()[from + i], new Panel(logits, start, v), 1, v);
        }
    }
}
