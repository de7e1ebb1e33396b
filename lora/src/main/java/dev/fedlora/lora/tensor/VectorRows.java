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
    private static final float SQRT_HALF = (float) Math.sqrt(0.5);
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
            double sum = powers(x.values(), from, columns, largest, lanes);
            scaleRow((float) (1 / sum), x.values(), from, columns);
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

    // v = exp(v - largest); returns the sum
    private static double powers(float[] v, int from, int count, float largest, float[] lanes) {
        int end = from + count;
        int i = from;
        FloatVector sums = FloatVector.zero(F);
        for (; i <= end - LANES; i += LANES) {
            FloatVector power = VectorMath.exp(FloatVector.fromArray(F, v, i).sub(largest));
            power.intoArray(v, i);
            sums = sums.add(power);
        }
        double sum = VectorMath.sum(sums, lanes);
        for (; i < end; i++) {
            v[i] = VectorMath.exp(v[i] - largest);
            sum += v[i];
        }
        return sum;
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
        double sum = VectorMath.sum(sums, lanes);
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
        FloatVector sums = FloatVector.zero(F);
        int k = 0;
        for (; k <= count - LANES; k += LANES) {
            sums = sums.add(FloatVector.fromArray(F, v, from + k));
        }
        double sum = VectorMath.sum(sums, lanes);
        for (; k < count; k++) {
            sum += v[from + k];
        }
        return (float) (sum / count);
    }

    private static float inverseDeviation(float[] v, int from, float mean, LayerNorm norm, float[] lanes) {
        int count = norm.columns();
        FloatVector sums = FloatVector.zero(F);
        int k = 0;
        for (; k <= count - LANES; k += LANES) {
            FloatVector centred = FloatVector.fromArray(F, v, from + k).sub(mean);
            sums = sums.add(centred.mul(centred));
        }
        double sum = VectorMath.sum(sums, lanes);
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
        double sum = VectorMath.sum(sums, lanes);
        double projection = VectorMath.sum(projections, lanes);
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
        for (int r = 0; r < rows; r++) {
            int i = x.offset() + r * x.stride();
            int j = y.offset() + r * y.stride();
            int end = i + columns;
            for (; i <= end - LANES; i += LANES, j += LANES) {
                FloatVector v = FloatVector.fromArray(F, x.values(), i);
                FloatVector z = v.mul(SQRT_HALF).abs();
                FloatVector half = VectorMath.erfc(z, VectorMath.exp(z.mul(z).neg()))
                        .mul(v)
                        .mul(0.5f);
                v.sub(half).blend(half, v.lt(0f)).intoArray(y.values(), j);
            }
            for (; i < end; i++, j++) {
                float v = x.values()[i];
                float z = Math.abs(v * SQRT_HALF);
                float half = VectorMath.erfc(z, VectorMath.exp(-(z * z))) * v * 0.5f;
                y.values()[j] = v < 0 ? half : v - half;
            }
        }
    }

    @Override
    public void geluBackward(Panel x, int rows, int columns, Panel dy) {
        float[] gradient = dy.values();
        for (int r = 0; r < rows; r++) {
            int i = x.offset() + r * x.stride();
            int j = dy.offset() + r * dy.stride();
            int end = i + columns;
            for (; i <= end - LANES; i += LANES, j += LANES) {
                FloatVector v = FloatVector.fromArray(F, x.values(), i);
                FloatVector z = v.mul(SQRT_HALF).abs();
                FloatVector power = VectorMath.exp(z.mul(z).neg());
                FloatVector tail = VectorMath.erfc(z, power).mul(0.5f);
                FloatVector cdf = FloatVector.broadcast(F, 1f).sub(tail).blend(tail, v.lt(0f));
                FloatVector slope = cdf.add(power.mul(v).mul(INVERSE_SQRT_TWO_PI));
                FloatVector.fromArray(F, gradient, j).mul(slope).intoArray(gradient, j);
            }
            for (; i < end; i++, j++) {
                float v = x.values()[i];
                float z = Math.abs(v * SQRT_HALF);
                float power = VectorMath.exp(-(z * z));
                float tail = VectorMath.erfc(z, power) * 0.5f;
                gradient[j] *= (v < 0 ? tail : 1f - tail) + power * v * INVERSE_SQRT_TWO_PI;
            }
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
                low = low.add(widen(a, 0).mul(widen(b, 0)));
                high = high.add(widen(a, 1).mul(widen(b, 1)));
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

    private static DoubleVector widen(FloatVector v, int part) {
        return (DoubleVector) v.convertShape(VectorOperators.F2D, D, part);
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
