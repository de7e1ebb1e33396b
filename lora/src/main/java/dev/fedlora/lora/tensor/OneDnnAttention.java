package dev.fedlora.lora.tensor;

import dev.fedlora.lora.tensor.OneDnnPlan.Strides;
import java.util.Arrays;

/**
 * Attention by oneDNN, a block of queries of some groups of heads at a time, so that scores stay in the cache: the heads
 * that share keys and values lie below each other and are one product. Softmax is computed in Java, in float.
 *
 * <p>Sequences are padded to whole blocks of rows: padded keys are masked, and padded queries are zeros, as are their
 * gradients, so nothing of them comes out.
 *
 * <p>Dao, FlashAttention-2, ICLR 2024 (arXiv 2307.08691), has the same blocks; here whole rows of scores are there at once,
 * because they are short enough.
 *
 * <p>Scores are products of floats in either arithmetic: an exponential turns an error of a score into one of its weight,
 * and scores of ten and more are common.
 */
final class OneDnnAttention implements AutoCloseable {
    private static final int QUERY_ROWS = 64;
    // scores of one step: 640 KiB of float, and half of that again as bfloat16, next to operands in a level 2 cache
    private static final int MOST_SCORES = 160 * 1024;

    private final OneDnnWorker worker;
    private final NativeScratch exactKeys = new NativeScratch();
    private final NativeScratch exactQueries = new NativeScratch();
    private final NativeScratch keys = new NativeScratch();
    private final NativeScratch values = new NativeScratch();
    private final NativeScratch queries = new NativeScratch();
    private final NativeScratch contexts = new NativeScratch();
    private final NativeScratch scores = new NativeScratch();
    private final NativeScratch weights = new NativeScratch();
    private final NativeScratch result = new NativeScratch();
    private final NativeScratch keyGradients = new NativeScratch();
    private final NativeScratch valueGradients = new NativeScratch();
    private float[] block = new float[0];
    private float[] p = new float[0];
    private float[] dp = new float[0];

    OneDnnAttention(OneDnnWorker worker) {
        this.worker = worker;
    }

    /** One sequence, and how its work is cut. */
    private record Sequence(AttentionShape shape, int first, int length, int padded, int groupsAtOnce) {
        static Sequence of(AttentionShape shape, int number) {
            int first = shape.starts()[number];
            int length = shape.starts()[number + 1] - first;
            int padded = OneDnnWorker.padded(length);
            int queries = Math.min(QUERY_ROWS, padded);
            int perGroup = shape.heads() / shape.keyHeads() * queries * padded;
            return new Sequence(
                    shape, first, length, padded, Math.max(1, Math.min(shape.keyHeads(), MOST_SCORES / perGroup)));
        }

        int keyColumns() {
            return shape.keyHeads() * shape.headWidth();
        }
    }

    /**
     * One step: {@code groups} groups from {@code group} on, queries [{@code from}, {@code from + rows}) of the sequence,
     * keys [0, {@code keys}); the last two padded.
     */
    private record Step(Sequence sequence, int group, int groups, int from, int rows, int keys) {
        int headsAGroup() {
            return sequence.shape.heads() / sequence.shape.keyHeads();
        }

        /** Rows of the queries of one group, its heads below each other. */
        int stacked() {
            return headsAGroup() * rows;
        }

        int scores() {
            return groups * stacked() * keys;
        }

        int width() {
            return sequence.shape.headWidth();
        }

        /** Returns how many queries are there; the others are padding. */
        int present() {
            return Math.min(rows, sequence.length - from);
        }
    }

    /** @throws UnsupportedOperationException when oneDNN has no fast kernel for a product */
    void forward(AttentionShape shape, AttentionShape.Operands in, Panel context) {
        for (int s = 0; s + 1 < shape.starts().length; s++) {
            Sequence sequence = Sequence.of(shape, s);
            copyFloats(sequence, in.keys());
            copyIn(sequence, in.values(), values);
            for (int group = 0; group < shape.keyHeads(); group += sequence.groupsAtOnce) {
                int groups = Math.min(sequence.groupsAtOnce, shape.keyHeads() - group);
                for (int from = 0; from < sequence.padded; from += QUERY_ROWS) {
                    Step step = step(sequence, group, groups, from);
                    weigh(step, in.queries());
                    worker.room(weights, step.scores());
                    worker.put(p, 0, step.scores(), weights, 0);
                    result.room((long) step.groups * step.stacked() * step.width(), Float.BYTES);
                    product(step, weights, groups(step, values), result);
                    copyOut(step, context, 1);
                }
            }
        }
    }

    /** @throws UnsupportedOperationException when oneDNN has no fast kernel for a product */
    void backward(AttentionShape shape, AttentionShape.Operands in, Panel dContext, AttentionShape.Operands gradient) {
        for (int s = 0; s + 1 < shape.starts().length; s++) {
            Sequence sequence = Sequence.of(shape, s);
            copyFloats(sequence, in.keys());
            copyIn(sequence, in.keys(), keys);
            copyIn(sequence, in.values(), values);
            long size = (long) sequence.padded * sequence.keyColumns();
            keyGradients.room(size, Float.BYTES);
            valueGradients.room(size, Float.BYTES);
            for (int group = 0; group < shape.keyHeads(); group += sequence.groupsAtOnce) {
                int groups = Math.min(sequence.groupsAtOnce, shape.keyHeads() - group);
                int last = (sequence.padded - 1) / QUERY_ROWS * QUERY_ROWS;
                // from the last block on, which sees all keys and so sets what the others add to
                for (int from = last; from >= 0; from -= QUERY_ROWS) {
                    Step step = step(sequence, group, groups, from);
                    backward(step, in.queries(), dContext, from < last);
                    copyOut(step, gradient.queries(), shape.scale());
                }
            }
            copyOut(sequence, keyGradients, gradient.keys());
            copyOut(sequence, valueGradients, gradient.values());
        }
    }

    private static Step step(Sequence sequence, int group, int groups, int from) {
        int end = Math.min(sequence.padded, from + QUERY_ROWS);
        return new Step(sequence, group, groups, from, end - from, sequence.shape.causal() ? end : sequence.padded);
    }

    /** p = softmax of the scores of a step: groups × stacked rows × keys. */
    private void weigh(Step step, Panel q) {
        int size = stack(step, q, step.sequence.shape.scale());
        exactQueries.room(size, Float.BYTES).floats().put(0, block, 0, size);
        scores.room(step.scores(), Float.BYTES);
        long from = exactKeys.address() + (long) Float.BYTES * step.group * step.width();
        worker.execute(transposedProduct(step, false), exactQueries.address(), from, scores.address());
        if (p.length < step.scores()) {
            p = new float[step.scores()];
            dp = new float[step.scores()];
        }
        scores.floats().get(0, p, 0, step.scores());
        int n = step.keys;
        for (int row = 0; row < step.groups * step.stacked(); row++) {
            int query = step.from + row % step.rows;
            int visible = step.sequence.shape.causal() ? query + 1 : step.sequence.length;
            // a padded query sees what is there; its weights come to nothing, its context being zero
            Arrays.fill(p, row * n + Math.min(visible, step.sequence.length), (row + 1) * n, Float.NEGATIVE_INFINITY);
        }
        RowKernels.softmax(Panel.of(p, n), step.groups * step.stacked(), n);
    }

    private void backward(Step step, Panel q, Panel dContext, boolean add) {
        weigh(step, q);
        int n = step.keys;
        worker.room(weights, step.scores());
        worker.put(p, 0, step.scores(), weights, 0);
        int size = stack(step, q, step.sequence.shape.scale());
        worker.put(block, 0, size, worker.room(queries, size), 0);
        stack(step, dContext, 1);
        worker.put(block, 0, size, worker.room(contexts, size), 0);
        keyProduct(step, contexts, valueGradients, add); // dv += pᵀ dcontext
        worker.execute( // dp = dcontext vᵀ
                transposedProduct(step, worker.bfloat16), contexts.address(), groups(step, values), scores.address());
        scores.floats().get(0, dp, 0, step.scores());
        RowKernels.softmaxBackward(Panel.of(p, n), step.groups * step.stacked(), n, Panel.of(dp, n));
        worker.put(dp, 0, step.scores(), weights, 0);
        keyProduct(step, queries, keyGradients, add); // dk += dsᵀ q, and q holds the scale
        result.room((long) step.groups * step.stacked() * step.width(), Float.BYTES);
        product(step, weights, groups(step, keys), result); // dq = ds k
    }

    /** Returns where the keys or values of the step's first group start. */
    private long groups(Step step, NativeScratch of) {
        return worker.at(of, step.group * step.width());
    }

    /** (stacked × keys) = (stacked × E) · (keys × E)ᵀ, for every group. */
    private OneDnnPlan transposedProduct(Step step, boolean bfloat16) {
        int e = step.width();
        int m = step.stacked();
        return worker.plan(new OneDnnPlan.Shape(
                step.groups,
                m,
                step.keys,
                e,
                Strides.rows(e).every(m * e),
                Strides.transposed(step.sequence.keyColumns()).every(e),
                Strides.rows(step.keys).every(m * step.keys),
                bfloat16,
                false));
    }

    /** to (stacked × E) = from (stacked × keys) · other (keys × E), for every group. */
    private void product(Step step, NativeScratch from, long other, NativeScratch to) {
        int e = step.width();
        int m = step.stacked();
        OneDnnPlan plan = worker.plan(new OneDnnPlan.Shape(
                step.groups,
                m,
                e,
                step.keys,
                Strides.rows(step.keys).every(m * step.keys),
                Strides.rows(step.sequence.keyColumns()).every(e),
                Strides.rows(e).every(m * e),
                worker.bfloat16,
                false));
        worker.execute(plan, from.address(), other, to.address());
    }

    /** sum (keys × E) = or += weightsᵀ · stacked (stacked × E), for every group. */
    private void keyProduct(Step step, NativeScratch stacked, NativeScratch sum, boolean add) {
        int e = step.width();
        int m = step.stacked();
        int distance = step.sequence.padded * e;
        OneDnnPlan plan = worker.plan(new OneDnnPlan.Shape(
                step.groups,
                step.keys,
                e,
                m,
                Strides.transposed(step.keys).every(m * step.keys),
                Strides.rows(e).every(m * e),
                Strides.rows(e).every(distance),
                worker.bfloat16,
                add));
        worker.execute(
                plan, weights.address(), stacked.address(), sum.address() + (long) Float.BYTES * step.group * distance);
    }

    /** Copies the keys of a sequence to {@code exactKeys}, rows as they are; padded rows are zeros. */
    private void copyFloats(Sequence sequence, Panel from) {
        int columns = sequence.keyColumns();
        exactKeys.room((long) sequence.padded * columns, Float.BYTES);
        exactKeys.copyIn(from.from(sequence.first), sequence.length, columns);
        int missing = (sequence.padded - sequence.length) * columns;
        if (missing > 0) {
            exactKeys.floats().put(sequence.length * columns, new float[missing], 0, missing);
        }
    }

    /** Copies the keys or values of a sequence, rows as they are; padded rows are zeros. */
    private void copyIn(Sequence sequence, Panel from, NativeScratch to) {
        int columns = sequence.keyColumns();
        worker.room(to, (long) sequence.padded * columns);
        worker.copyIn(from.from(sequence.first), sequence.length, columns, to, columns);
        int missing = (sequence.padded - sequence.length) * columns;
        if (missing > 0) {
            worker.put(new float[missing], 0, missing, to, sequence.length * columns);
        }
    }

    /**
     * Copies the rows of a step's heads to {@code block}, each head's below the one before, times scale; returns how many
     * values: groups × heads × rows × E.
     */
    private int stack(Step step, Panel from, float scale) {
        int e = step.width();
        int heads = step.groups * step.headsAGroup();
        int size = heads * step.rows * e;
        if (block.length < size) {
            block = new float[size];
        }
        int firstHead = step.group * step.headsAGroup();
        for (int i = 0; i < step.rows; i++) {
            boolean present = i < step.present();
            int row = from.offset() + (step.sequence.first + step.from + i) * from.stride() + firstHead * e;
            for (int h = 0; h < heads; h++) {
                int at = (h * step.rows + i) * e;
                if (present) {
                    System.arraycopy(from.values(), row + h * e, block, at, e);
                } else {
                    Arrays.fill(block, at, at + e, 0);
                }
            }
        }
        if (scale != 1) {
            RowKernels.scale(scale, Panel.of(block, size), 1, size);
        }
        return size;
    }

    /** The way back of {@link #stack}: result to the rows of its heads. */
    private void copyOut(Step step, Panel to, float scale) {
        int e = step.width();
        int heads = step.groups * step.headsAGroup();
        int size = heads * step.rows * e;
        result.floats().get(0, block, 0, size);
        if (scale != 1) {
            RowKernels.scale(scale, Panel.of(block, size), 1, size);
        }
        int firstHead = step.group * step.headsAGroup();
        for (int i = 0; i < step.present(); i++) {
            int row = to.offset() + (step.sequence.first + step.from + i) * to.stride() + firstHead * e;
            for (int h = 0; h < heads; h++) {
                System.arraycopy(block, (h * step.rows + i) * e, to.values(), row + h * e, e);
            }
        }
    }

    /** Copies G × T × E to the rows of a sequence. */
    private static void copyOut(Sequence sequence, NativeScratch from, Panel to) {
        int e = sequence.shape.headWidth();
        for (int i = 0; i < sequence.length; i++) {
            int row = to.offset() + (sequence.first + i) * to.stride();
            for (int g = 0; g < sequence.shape.keyHeads(); g++) {
                from.floats().get((g * sequence.padded + i) * e, to.values(), row + g * e, e);
            }
        }
    }

    @Override
    public void close() {
        for (NativeScratch each : new NativeScratch[] {
            exactKeys,
            exactQueries,
            keys,
            values,
            queries,
            contexts,
            scores,
            weights,
            result,
            keyGradients,
            valueGradients
        }) {
            each.close();
        }
    }
}
