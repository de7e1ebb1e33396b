package dev.fedlora.lora.tensor;

import static dev.fedlora.lora.tensor.VectorMath.F;
import static dev.fedlora.lora.tensor.VectorMath.LANES;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The row kernels on vectors of the processor's preferred length: whole vectors, then the row's end value by value.
 *
 * <p>Sums over a row go lane by lane in float and are added up in double.
 */
final class VectorRows implements RowMath {
    private static final VectorSpecies<Double> D = VectorSpecies.of(double.class, F.vectorShape());
    // values at a time where intermediate results are kept: they stay in the level 1 cache
    private static final int PIECE = 1024;
    private static final float INVERSE_SQRT_TWO_PI = (float) (1 / Math.sqrt(2 * Math.PI));

    @Override
    public String name() {
        return "vector, " + F.vectorBitSize() + " bits";
    }

    @Override
    public void softmax(Panel x, int rows, int columns) {
        float[] lanes = new float[LANES];
        for (int r = 0; r < rows; r++) {
            int from = x.offset() + r * x.stride();
            float largest = largest(x.values(), from, columns, lanes);
            VectorMath.exp(x.values(), from, columns, largest);
            scaleRow((float) (1 / sum(x.values(), from, columns, lanes)), x.values(), from, columns);
        }
    }

    private static float largest(float[] v, int from, int count, float[] lanes) {
        int end = from + count;
        int i = from;
        float largest = Float.NEGATIVE_INFINITY;
        if (count >= LANES) {
            FloatVector max = FloatVector.fromArray(F, v, i);
            for (i += LANES; i <= end - LANES; i += LANES) {
                max = max.max(FloatVector.fromArray(F, v, i));
            }
            max.intoArray(lanes, 0);
            for (float lane : lanes) {
                largest = Math.max(largest, lane);
            }
        }
        for (; i < end; i++) {
            largest = Math.max(largest, v[i]);
        }
        return largest;
    }

    @Override
    public void softmaxBackward(Panel p, int rows, int columns, Panel dp) {
        float[] a = p.values();
        float[] b = dp.values();
        float[] lanes = new float[LANES];
        for (int r = 0; r < rows; r++) {
            int i = p.offset() + r * p.stride();
            int j = dp.offset() + r * dp.stride();
            float mean = (float) dot(a, i, b, j, columns, lanes);
            int end = i + columns;
            for (; i <= end - LANES; i += LANES, j += LANES) {
                FloatVector.fromArray(F, b, j)
                        .sub(mean)
                        .mul(FloatVector.fromArray(F, a, i))
                        .intoArray(b, j);
            }
            for (; i < end; i++, j++) {
                b[j] = (b[j] - mean) * a[i];
            }
        }
    }

    // in float: for values of one row, all of one size
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

    @Override
    public void layerNorm(LayerNorm norm, Panel x, int rows, Panel y) {
        int columns = norm.columns();
        float[] lanes = new float[LANES];
        for (int r = 0; r < rows; r++) {
            int from = x.offset() + r * x.stride();
            int to = y.offset() + r * y.stride();
            float mean = mean(x.values(), from, columns, lanes);
            float inverse = inverseDeviation(x.values(), from, mean, norm, lanes);
            normalize(norm, x.values(), from, mean, inverse, y.values(), to);
        }
    }

    private static void normalize(LayerNorm norm, float[] x, int from, float mean, float inverse, float[] y, int to) {
        float[] weight = norm.weight();
        float[] bias = norm.bias();
        int k = 0;
        for (; k <= weight.length - LANES; k += LANES) {
            FloatVector.fromArray(F, x, from + k)
                    .sub(mean)
                    .mul(inverse)
                    .mul(FloatVector.fromArray(F, weight, k))
                    .add(FloatVector.fromArray(F, bias, k))
                    .intoArray(y, to + k);
        }
        for (; k < weight.length; k++) {
            y[to + k] = (x[from + k] - mean) * inverse * weight[k] + bias[k];
        }
    }

    private static float mean(float[] v, int from, int count, float[] lanes) {
        return (float) (sum(v, from, count, lanes) / count);
    }

    private static double sum(float[] v, int from, int count, float[] lanes) {
        FloatVector sums = FloatVector.zero(F);
        int k = 0;
        for (; k <= count - LANES; k += LANES) {
            sums = sums.add(FloatVector.fromArray(F, v, from + k));
        }
        sums.intoArray(lanes, 0);
        double sum = VectorMath.sum(lanes);
        for (; k < count; k++) {
            sum += v[from + k];
        }
        return sum;
    }

    private static float inverseDeviation(float[] v, int from, float mean, LayerNorm norm, float[] lanes) {
        int count = norm.columns();
        FloatVector sums = FloatVector.zero(F);
        int k = 0;
        for (; k <= count - LANES; k += LANES) {
            FloatVector centred = FloatVector.fromArray(F, v, from + k).sub(mean);
            sums = sums.add(centred.mul(centred));
        }
        sums.intoArray(lanes, 0);
        double sum = VectorMath.sum(lanes);
        for (; k < count; k++) {
            sum += (v[from + k] - mean) * (v[from + k] - mean);
        }
        return (float) (1 / Math.sqrt(sum / count + norm.epsilon()));
    }

    @Override
    public void layerNormBackward(LayerNorm norm, Panel x, int rows, Panel dy) {
        float[] lanes = new float[LANES];
        for (int r = 0; r < rows; r++) {
            layerNormRowBackward(
                    norm, x.values(), x.offset() + r * x.stride(), dy.values(), dy.offset() + r * dy.stride(), lanes);
        }
    }

    private static void layerNormRowBackward(LayerNorm norm, float[] x, int from, float[] dy, int at, float[] lanes) {
        float[] weight = norm.weight();
        int columns = weight.length;
        float mean = mean(x, from, columns, lanes);
        float inverse = inverseDeviation(x, from, mean, norm, lanes);
        FloatVector sums = FloatVector.zero(F);
        FloatVector projections = FloatVector.zero(F);
        int k = 0;
        for (; k <= columns - LANES; k += LANES) {
            FloatVector g = FloatVector.fromArray(F, dy, at + k).mul(FloatVector.fromArray(F, weight, k));
            g.intoArray(dy, at + k);
            sums = sums.add(g);
            projections = projections.add(
                    g.mul(FloatVector.fromArray(F, x, from + k).sub(mean).mul(inverse)));
        }
        sums.intoArray(lanes, 0);
        double sum = VectorMath.sum(lanes);
        projections.intoArray(lanes, 0);
        double projection = VectorMath.sum(lanes);
        for (; k < columns; k++) {
            dy[at + k] *= weight[k];
            sum += dy[at + k];
            projection += dy[at + k] * ((x[from + k] - mean) * inverse);
        }
        float meanGradient = (float) (sum / columns);
        float slope = (float) (projection / columns);
        for (k = 0; k <= columns - LANES; k += LANES) {
            FloatVector normal = FloatVector.fromArray(F, x, from + k).sub(mean).mul(inverse);
            FloatVector g = FloatVector.fromArray(F, dy, at + k);
            g.sub(meanGradient).sub(normal.mul(slope)).mul(inverse).intoArray(dy, at + k);
        }
        for (; k < columns; k++) {
            dy[at + k] = (dy[at + k] - meanGradient - (x[from + k] - mean) * inverse * slope) * inverse;
        }
    }

    @Override
    public void gelu(Panel x, int rows, int columns, Panel y) {
        float[] powers = new float[PIECE];
        float[] tails = new float[PIECE];
        for (int r = 0; r < rows; r++) {
            for (int k = 0; k < columns; k += PIECE) {
                int count = Math.min(PIECE, columns - k);
                int from = x.offset() + r * x.stride() + k;
                powersAndTails(x.values(), from, count, powers, tails);
                geluPiece(x.values(), from, tails, count, columnsOf(y, r, k));
            }
        }
    }

    private static Panel columnsOf(Panel panel, int row, int column) {
        return new Panel(panel.values(), panel.offset() + row * panel.stride() + column, panel.stride());
    }

    // powers = exp(-x² / 2), tails = erfc(|x| / sqrt 2) / 2
    private static void powersAndTails(float[] x, int from, int count, float[] powers, float[] tails) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector v = FloatVector.fromArray(F, x, from + i);
            v.mul(v).mul(-0.5f).intoArray(powers, i);
        }
        for (; i < count; i++) {
            powers[i] = x[from + i] * x[from + i] * -0.5f;
        }
        VectorMath.exp(powers, 0, count, 0);
        VectorMath.normalTails(x, from, count, powers, tails);
    }

    private static void geluPiece(float[] x, int from, float[] tails, int count, Panel y) {
        float[] out = y.values();
        int to = y.offset();
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector v = FloatVector.fromArray(F, x, from + i);
            FloatVector part = v.mul(FloatVector.fromArray(F, tails, i));
            v.sub(part).blend(part, v.lt(0f)).intoArray(out, to + i);
        }
        for (; i < count; i++) {
            float v = x[from + i];
            out[to + i] = v < 0 ? v * tails[i] : v - v * tails[i];
        }
    }

    @Override
    public void geluBackward(Panel x, int rows, int columns, Panel dy) {
        float[] powers = new float[PIECE];
        float[] tails = new float[PIECE];
        for (int r = 0; r < rows; r++) {
            for (int k = 0; k < columns; k += PIECE) {
                int count = Math.min(PIECE, columns - k);
                int from = x.offset() + r * x.stride() + k;
                powersAndTails(x.values(), from, count, powers, tails);
                geluPieceBackward(new Panel(x.values(), from, count), powers, tails, count, columnsOf(dy, r, k));
            }
        }
    }

    private static void geluPieceBackward(Panel x, float[] powers, float[] tails, int count, Panel dy) {
        float[] gradient = dy.values();
        int at = dy.offset();
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector v = FloatVector.fromArray(F, x.values(), x.offset() + i);
            FloatVector tail = FloatVector.fromArray(F, tails, i);
            FloatVector cdf = FloatVector.broadcast(F, 1f).sub(tail).blend(tail, v.lt(0f));
            FloatVector density = FloatVector.fromArray(F, powers, i).mul(INVERSE_SQRT_TWO_PI);
            FloatVector slope = cdf.add(v.mul(density));
            FloatVector.fromArray(F, gradient, at + i).mul(slope).intoArray(gradient, at + i);
        }
        for (; i < count; i++) {
            float v = x.values()[x.offset() + i];
            float cdf = v < 0 ? tails[i] : 1f - tails[i];
            gradient[at + i] *= cdf + v * (powers[i] * INVERSE_SQRT_TWO_PI);
        }
    }

    @Override
    public void axpy(float scale, Panel x, int rows, int columns, Panel y) {
        for (int r = 0; r < rows; r++) {
            int i = x.offset() + r * x.stride();
            int j = y.offset() + r * y.stride();
            axpyRow(scale, x.values(), i, y.values(), j, columns);
        }
    }

    private static void axpyRow(float scale, float[] x, int from, float[] y, int to, int count) {
        int k = 0;
        for (; k <= count - LANES; k += LANES) {
            FloatVector product = FloatVector.fromArray(F, x, from + k).mul(scale);
            FloatVector.fromArray(F, y, to + k).add(product).intoArray(y, to + k);
        }
        for (; k < count; k++) {
            y[to + k] += scale * x[from + k];
        }
    }

    @Override
    public void addRow(float[] row, Panel y, int rows) {
        for (int r = 0; r < rows; r++) {
            axpyRow(1, row, 0, y.values(), y.offset() + r * y.stride(), row.length);
        }
    }

    @Override
    public void scale(float factor, Panel x, int rows, int columns) {
        for (int r = 0; r < rows; r++) {
            scaleRow(factor, x.values(), x.offset() + r * x.stride(), columns);
        }
    }

    private static void scaleRow(float factor, float[] v, int from, int count) {
        int end = from + count;
        int i = from;
        for (; i <= end - LANES; i += LANES) {
            FloatVector.fromArray(F, v, i).mul(factor).intoArray(v, i);
        }
        for (; i < end; i++) {
            v[i] *= factor;
        }
    }

    @Override
    public double dot(Panel x, Panel y, int rows, int columns) {
        double[] lanes = new double[D.length()];
        double sum = 0;
        for (int r = 0; r < rows; r++) {
            int i = x.offset() + r * x.stride();
            int j = y.offset() + r * y.stride();
            DoubleVector low = DoubleVector.zero(D);
            DoubleVector high = DoubleVector.zero(D);
            int end = i + columns;
            for (; i <= end - LANES; i += LANES, j += LANES) {
                FloatVector a = FloatVector.fromArray(F, x.values(), i);
                FloatVector b = FloatVector.fromArray(F, y.values(), j);
                DoubleVector a0 = (DoubleVector) a.convertShape(VectorOperators.F2D, D, 0);
                DoubleVector b0 = (DoubleVector) b.convertShape(VectorOperators.F2D, D, 0);
                DoubleVector a1 = (DoubleVector) a.convertShape(VectorOperators.F2D, D, 1);
                DoubleVector b1 = (DoubleVector) b.convertShape(VectorOperators.F2D, D, 1);
                low = low.add(a0.mul(b0));
                high = high.add(a1.mul(b1));
            }
            low.add(high).intoArray(lanes, 0);
            for (double lane : lanes) {
                sum += lane;
            }
            for (; i < end; i++, j++) {
                sum += (double) x.values()[i] * y.values()[j];
            }
        }
        return sum;
    }

    @Override
    public void adamW(AdamWStep step, float[] parameters, float[] gradient, float[] first, float[] second) {
        float beta1 = (float) step.beta1();
        float beta2 = (float) step.beta2();
        float new1 = (float) (1 - step.beta1());
        float new2 = (float) (1 - step.beta2());
        float rate = (float) (step.learningRate() / step.firstCorrection());
        float root = (float) (1 / Math.sqrt(step.secondCorrection()));
        float keep = (float) (1 - step.learningRate() * step.weightDecay());
        float epsilon = (float) step.epsilon();
        int i = 0;
        for (; i <= parameters.length - LANES; i += LANES) {
            FloatVector g = FloatVector.fromArray(F, gradient, i);
            FloatVector m = FloatVector.fromArray(F, first, i).mul(beta1).add(g.mul(new1));
            FloatVector v =
                    FloatVector.fromArray(F, second, i).mul(beta2).add(g.mul(g).mul(new2));
            m.intoArray(first, i);
            v.intoArray(second, i);
            FloatVector change = m.mul(rate).div(v.sqrt().mul(root).add(epsilon));
            FloatVector.fromArray(F, parameters, i).mul(keep).sub(change).intoArray(parameters, i);
        }
        for (; i < parameters.length; i++) {
            float g = gradient[i];
            float m = first[i] * beta1 + g * new1;
            float v = second[i] * beta2 + g * g * new2;
            first[i] = m;
            second[i] = v;
            parameters[i] = parameters[i] * keep - m * rate / ((float) Math.sqrt(v) * root + epsilon);
        }
    }
}
