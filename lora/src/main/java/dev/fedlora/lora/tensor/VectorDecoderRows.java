package dev.fedlora.lora.tensor;

import static dev.fedlora.lora.tensor.VectorMath.F;
import static dev.fedlora.lora.tensor.VectorMath.LANES;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

/**
 * The decoder's kernels on vectors of the processor's preferred length: whole vectors, then the row's end value by value.
 *
 * <p>Sums over a row go lane by lane in float and are added up in double.
 */
final class VectorDecoderRows implements DecoderMath {
    // values at a time where intermediate results are kept: they stay in the level 1 cache
    private static final int PIECE = 1024;
    private static final VectorShuffle<Float> NEIGHBOURS = VectorShuffle.fromOp(F, i -> i ^ 1);

    @Override
    public void rmsNorm(RmsNorm norm, Panel x, int rows, Panel y) {
        float[] lanes = new float[LANES];
        for (int r = 0; r < rows; r++) {
            int from = x.offset() + r * x.stride();
            float inverse = inverseRoot(norm, x.values(), from, lanes);
            normalize(norm.weight(), inverse, x.values(), from, columnsOf(y, r, 0));
        }
    }

    private static void normalize(float[] weight, float inverse, float[] x, int from, Panel y) {
        float[] out = y.values();
        int to = y.offset();
        int k = 0;
        for (; k <= weight.length - LANES; k += LANES) {
            FloatVector.fromArray(F, x, from + k)
                    .mul(inverse)
                    .mul(FloatVector.fromArray(F, weight, k))
                    .intoArray(out, to + k);
        }
        for (; k < weight.length; k++) {
            out[to + k] = x[from + k] * inverse * weight[k];
        }
    }

    private static float inverseRoot(RmsNorm norm, float[] v, int from, float[] lanes) {
        int count = norm.columns();
        return (float) (1 / Math.sqrt(dot(v, from, v, from, count, lanes) / count + norm.epsilon()));
    }

    private static double dot(float[] a, int aFrom, float[] b, int bFrom, int count, float[] lanes) {
        FloatVector sums = FloatVector.zero(F);
        int k = 0;
        for (; k <= count - LANES; k += LANES) {
            sums = sums.add(FloatVector.fromArray(F, a, aFrom + k).mul(FloatVector.fromArray(F, b, bFrom + k)));
        }
        sums.intoArray(lanes, 0);
        double sum = VectorMath.sum(lanes);
        for (; k < count; k++) {
            sum += a[aFrom + k] * b[bFrom + k];
        }
        return sum;
    }

    private static Panel columnsOf(Panel panel, int row, int column) {
        return new Panel(panel.values(), panel.offset() + row * panel.stride() + column, panel.stride());
    }

    @Override
    public void rmsNormBackward(RmsNorm norm, Panel x, int rows, Gradients gradients) {
        float[] lanes = new float[LANES];
        float[] weighted = new float[norm.columns()];
        for (int r = 0; r < rows; r++) {
            Panel input = columnsOf(x, r, 0);
            multiply(norm.weight(), columnsOf(gradients.dy(), r, 0), weighted);
            float inverse = inverseRoot(norm, x.values(), input.offset(), lanes);
            double projection = dot(weighted, 0, x.values(), input.offset(), weighted.length, lanes);
            float slope = (float) (projection * inverse * inverse * inverse / weighted.length);
            float keep = gradients.accumulate() ? 1 : 0;
            combine(weighted, inverse, input, slope, columnsOf(gradients.dx(), r, 0), keep);
        }
    }

    // dx = keep dx + g inverse - x slope; keep is 0 or 1
    private static void combine(float[] g, float inverse, Panel x, float slope, Panel dx, float keep) {
        float[] in = x.values();
        float[] out = dx.values();
        int from = x.offset();
        int to = dx.offset();
        int k = 0;
        for (; k <= g.length - LANES; k += LANES) {
            FloatVector change = FloatVector.fromArray(F, g, k)
                    .mul(inverse)
                    .sub(FloatVector.fromArray(F, in, from + k).mul(slope));
            (keep == 0 ? change : FloatVector.fromArray(F, out, to + k).add(change)).intoArray(out, to + k);
        }
        for (; k < g.length; k++) {
            float change = g[k] * inverse - in[from + k] * slope;
            out[to + k] = keep == 0 ? change : out[to + k] + change;
        }
    }

    private static void multiply(float[] weight, Panel dy, float[] product) {
        float[] gradient = dy.values();
        int at = dy.offset();
        int k = 0;
        for (; k <= weight.length - LANES; k += LANES) {
            FloatVector.fromArray(F, gradient, at + k)
                    .mul(FloatVector.fromArray(F, weight, k))
                    .intoArray(product, k);
        }
        for (; k < weight.length; k++) {
            product[k] = gradient[at + k] * weight[k];
        }
    }

    @Override
    public void swiGlu(Panel gate, Panel up, int rows, int columns, Panel y) {
        float[] powers = new float[PIECE];
        for (int r = 0; r < rows; r++) {
            for (int k = 0; k < columns; k += PIECE) {
                int count = Math.min(PIECE, columns - k);
                Panel g = columnsOf(gate, r, k);
                powers(g, count, powers);
                swiGluPiece(g, columnsOf(up, r, k), powers, count, columnsOf(y, r, k));
            }
        }
    }

    // powers = exp(-x)
    private static void powers(Panel x, int count, float[] powers) {
        float[] in = x.values();
        int from = x.offset();
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector.fromArray(F, in, from + i).neg().intoArray(powers, i);
        }
        for (; i < count; i++) {
            powers[i] = -in[from + i];
        }
        VectorMath.exp(powers, 0, count, 0);
    }

    private static void swiGluPiece(Panel gate, Panel up, float[] powers, int count, Panel y) {
        float[] g = gate.values();
        float[] u = up.values();
        float[] out = y.values();
        int gAt = gate.offset();
        int uAt = up.offset();
        int to = y.offset();
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector.fromArray(F, g, gAt + i)
                    .div(FloatVector.fromArray(F, powers, i).add(1f))
                    .mul(FloatVector.fromArray(F, u, uAt + i))
                    .intoArray(out, to + i);
        }
        for (; i < count; i++) {
            out[to + i] = g[gAt + i] / (powers[i] + 1f) * u[uAt + i];
        }
    }

    @Override
    public void swiGluBackward(Panel gate, Panel up, int rows, int columns, Panel dy) {
        float[] powers = new float[PIECE];
        for (int r = 0; r < rows; r++) {
            for (int k = 0; k < columns; k += PIECE) {
                int count = Math.min(PIECE, columns - k);
                Panel g = columnsOf(gate, r, k);
                powers(g, count, powers);
                swiGluPieceBackward(g, columnsOf(up, r, k), powers, count, columnsOf(dy, r, k));
            }
        }
    }

    // s = 1 / (1 + e^-g): dgate = dy u (s + g s (1 - s)), dup = dy g s
    private static void swiGluPieceBackward(Panel gate, Panel up, float[] powers, int count, Panel dy) {
        float[] g = gate.values();
        float[] u = up.values();
        float[] d = dy.values();
        int gAt = gate.offset();
        int uAt = up.offset();
        int dAt = dy.offset();
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector s = FloatVector.broadcast(F, 1f)
                    .div(FloatVector.fromArray(F, powers, i).add(1f));
            FloatVector silu = FloatVector.fromArray(F, g, gAt + i).mul(s);
            FloatVector slope = s.add(silu.sub(silu.mul(s)));
            FloatVector gradient = FloatVector.fromArray(F, d, dAt + i);
            gradient.mul(FloatVector.fromArray(F, u, uAt + i)).mul(slope).intoArray(g, gAt + i);
            gradient.mul(silu).intoArray(u, uAt + i);
        }
        for (; i < count; i++) {
            float s = 1f / (powers[i] + 1f);
            float silu = g[gAt + i] * s;
            float slope = s + (silu - silu * s);
            g[gAt + i] = d[dAt + i] * u[uAt + i] * slope;
            u[uAt + i] = d[dAt + i] * silu;
        }
    }

    @Override
    public void rotate(Rotation rotation, int[] positions, Panel x, Turn turn) {
        float sign = turn.back() ? -1 : 1;
        for (int r = 0; r < turn.rows(); r++) {
            for (int h = 0; h < turn.heads(); h++) {
                int at = x.offset() + r * x.stride() + h * rotation.headWidth();
                if (rotation.halves()) {
                    rotateHalves(rotation, positions[r] * rotation.width(), x.values(), at, sign);
                } else {
                    rotateNeighbours(rotation, positions[r] * rotation.width(), x.values(), at, sign);
                }
            }
        }
    }

    private static void rotateHalves(Rotation rotation, int table, float[] x, int at, float sign) {
        float[] cos = rotation.cos();
        float[] sin = rotation.sin();
        int half = rotation.width() / 2;
        int other = at + half;
        int otherSin = table + half; // of the second half, without the minus
        int i = 0;
        for (; i <= half - LANES; i += LANES) {
            FloatVector c = FloatVector.fromArray(F, cos, table + i);
            FloatVector s = FloatVector.fromArray(F, sin, otherSin + i).mul(sign);
            FloatVector a = FloatVector.fromArray(F, x, at + i);
            FloatVector b = FloatVector.fromArray(F, x, other + i);
            a.mul(c).sub(b.mul(s)).intoArray(x, at + i);
            b.mul(c).add(a.mul(s)).intoArray(x, other + i);
        }
        for (; i < half; i++) {
            float s = sin[otherSin + i] * sign;
            float a = x[at + i];
            float b = x[other + i];
            x[at + i] = a * cos[table + i] - b * s;
            x[other + i] = b * cos[table + i] + a * s;
        }
    }

    private static void rotateNeighbours(Rotation rotation, int table, float[] x, int at, float sign) {
        float[] cos = rotation.cos();
        float[] sin = rotation.sin();
        int width = rotation.width();
        int i = 0;
        for (; i <= width - LANES; i += LANES) {
            FloatVector v = FloatVector.fromArray(F, x, at + i);
            FloatVector s = FloatVector.fromArray(F, sin, table + i).mul(sign);
            v.mul(FloatVector.fromArray(F, cos, table + i))
                    .add(v.rearrange(NEIGHBOURS).mul(s))
                    .intoArray(x, at + i);
        }
        for (; i < width; i += 2) {
            float a = x[at + i];
            float b = x[at + i + 1];
            x[at + i] = a * cos[table + i] + b * (sin[table + i] * sign);
            x[at + i + 1] = b * cos[table + i + 1] + a * (sin[table + i + 1] * sign);
        }
    }

    @Override
    public void attend(CachedAttention attention, Panel q, Panel context, float[] scores) {
        float[] lanes = new float[LANES];
        int width = attention.headWidth();
        int group = attention.heads() / attention.keyHeads();
        Panel keys = attention.keys();
        Panel values = attention.values();
        for (int h = 0; h < attention.heads(); h++) {
            int column = h / group * width;
            int queryAt = q.offset() + h * width;
            float largest = Float.NEGATIVE_INFINITY;
            for (int t = 0; t < attention.count(); t++) {
                int at = keys.offset() + t * keys.stride() + column;
                scores[t] = (float) dot(q.values(), queryAt, keys.values(), at, width, lanes) * attention.scale();
                largest = Math.max(largest, scores[t]);
            }
            VectorMath.exp(scores, 0, attention.count(), largest);
            double sum = 0;
            for (int t = 0; t < attention.count(); t++) {
                sum += scores[t];
            }
            int to = context.offset() + h * width;
            Arrays.fill(context.values(), to, to + width, 0);
            for (int t = 0; t < attention.count(); t++) {
                int at = values.offset() + t * values.stride() + column;
                axpy((float) (scores[t] / sum), values.values(), at, width, columnsOf(context, 0, h * width));
            }
        }
    }

    private static void axpy(float scale, float[] x, int from, int count, Panel y) {
        float[] out = y.values();
        int to = y.offset();
        int k = 0;
        for (; k <= count - LANES; k += LANES) {
            FloatVector product = FloatVector.fromArray(F, x, from + k).mul(scale);
            FloatVector.fromArray(F, out, to + k).add(product).intoArray(out, to + k);
        }
        for (; k < count; k++) {
            out[to + k] += scale * x[from + k];
        }
    }
}
