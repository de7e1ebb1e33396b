package dev.fedlora.lora.tensor;

/** The specification of the row kernels: plain loops, everything in double, one rounding to float at the end. */
final class PlainRows implements RowMath {
    private static final double SQRT_HALF = Math.sqrt(0.5);
    private static final double INVERSE_SQRT_TWO_PI = 1 / Math.sqrt(2 * Math.PI);

    @Override
    public String name() {
        return "plain";
    }

    @Override
    public void softmax(Panel x, int rows, int columns) {
        float[] v = x.values();
        double[] powers = new double[columns];
        for (int r = 0, o = x.offset(); r < rows; r++, o += x.stride()) {
            double largest = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < columns; i++) {
                largest = Math.max(largest, v[o + i]);
            }
            double sum = 0;
            for (int i = 0; i < columns; i++) {
                powers[i] = Math.exp(v[o + i] - largest);
                sum += powers[i];
            }
            for (int i = 0; i < columns; i++) {
                v[o + i] = (float) (powers[i] / sum);
            }
        }
    }

    @Override
    public void softmaxBackward(Panel p, int rows, int columns, Panel dp) {
        for (int r = 0; r < rows; r++) {
            int a = p.offset() + r * p.stride();
            int b = dp.offset() + r * dp.stride();
            double mean = 0;
            for (int i = 0; i < columns; i++) {
                mean += (double) p.values()[a + i] * dp.values()[b + i];
            }
            for (int i = 0; i < columns; i++) {
                dp.values()[b + i] = (float) (p.values()[a + i] * (dp.values()[b + i] - mean));
            }
        }
    }

    @Override
    public void layerNorm(LayerNorm norm, Panel x, int rows, Panel y) {
        int columns = norm.columns();
        for (int r = 0; r < rows; r++) {
            int a = x.offset() + r * x.stride();
            int b = y.offset() + r * y.stride();
            double mean = mean(x.values(), a, columns);
            double inverse = inverseDeviation(x.values(), a, mean, norm);
            for (int i = 0; i < columns; i++) {
                double normal = (x.values()[a + i] - mean) * inverse;
                y.values()[b + i] = (float) (normal * norm.weight()[i] + norm.bias()[i]);
            }
        }
    }

    @Override
    public void layerNormBackward(LayerNorm norm, Panel x, int rows, Panel dy) {
        int columns = norm.columns();
        for (int r = 0; r < rows; r++) {
            int a = x.offset() + r * x.stride();
            int b = dy.offset() + r * dy.stride();
            double mean = mean(x.values(), a, columns);
            double inverse = inverseDeviation(x.values(), a, mean, norm);
            double sum = 0;
            double projection = 0;
            for (int i = 0; i < columns; i++) {
                double gradient = (double) dy.values()[b + i] * norm.weight()[i];
                sum += gradient;
                projection += gradient * (x.values()[a + i] - mean) * inverse;
            }
            for (int i = 0; i < columns; i++) {
                double gradient = (double) dy.values()[b + i] * norm.weight()[i];
                double normal = (x.values()[a + i] - mean) * inverse;
                dy.values()[b + i] = (float) (inverse * (gradient - sum / columns - normal * projection / columns));
            }
        }
    }

    private static double mean(float[] v, int from, int count) {
        double sum = 0;
        for (int i = from; i < from + count; i++) {
            sum += v[i];
        }
        return sum / count;
    }

    private static double inverseDeviation(float[] v, int from, double mean, LayerNorm norm) {
        double sum = 0;
        for (int i = from; i < from + norm.columns(); i++) {
            sum += (v[i] - mean) * (v[i] - mean);
        }
        return 1 / Math.sqrt(sum / norm.columns() + norm.epsilon());
    }

    @Override
    public void gelu(Panel x, int rows, int columns, Panel y) {
        for (int r = 0; r < rows; r++) {
            int a = x.offset() + r * x.stride();
            int b = y.offset() + r * y.stride();
            for (int i = 0; i < columns; i++) {
                double value = x.values()[a + i];
                y.values()[b + i] = (float) (value * normalCdf(value));
            }
        }
    }

    @Override
    public void geluBackward(Panel x, int rows, int columns, Panel dy) {
        for (int r = 0; r < rows; r++) {
            int a = x.offset() + r * x.stride();
            int b = dy.offset() + r * dy.stride();
            for (int i = 0; i < columns; i++) {
                double value = x.values()[a + i];
                double density = INVERSE_SQRT_TWO_PI * Math.exp(-value * value / 2);
                dy.values()[b + i] = (float) (dy.values()[b + i] * (normalCdf(value) + value * density));
            }
        }
    }

    /** Returns the probability that a standard normal variable is below {@code x}: (1 + erf(x / sqrt 2)) / 2. */
    private static double normalCdf(double x) {
        double tail = erfc(Math.abs(x) * SQRT_HALF) / 2;
        return x < 0 ? tail : 1 - tail;
    }

    /**
     * erfc of a value at least 0. Below 2.5 by the series 7.1.6 of Abramowitz and Stegun, erf(z) = 2/sqrt(pi)
     * exp(-z²) sum 2^n z^(2n+1) / (2n+1)!!, whose terms are all positive; above by the continued fraction 7.1.14, 60
     * levels of which leave less than 1e-15 there.
     */
    static double erfc(double z) {
        double power = Math.exp(-z * z) / Math.sqrt(Math.PI);
        if (!(z < 2.5)) {
            double fraction = z;
            for (int n = 60; n > 0; n--) {
                fraction = z + n / 2.0 / fraction;
            }
            return power == 0 ? 0 : power / fraction;
        }
        double term = 2 * z;
        double sum = term;
        for (int n = 1; term > sum * 1e-17; n++) {
            term *= 2 * z * z / (2 * n + 1);
            sum += term;
        }
        return 1 - power * sum;
    }

    @Override
    public void axpy(float scale, Panel x, int rows, int columns, Panel y) {
        for (int r = 0; r < rows; r++) {
            int a = x.offset() + r * x.stride();
            int b = y.offset() + r * y.stride();
            for (int i = 0; i < columns; i++) {
                y.values()[b + i] = (float) (y.values()[b + i] + (double) scale * x.values()[a + i]);
            }
        }
    }

    @Override
    public void addRow(float[] row, Panel y, int rows) {
        for (int r = 0, o = y.offset(); r < rows; r++, o += y.stride()) {
            for (int i = 0; i < row.length; i++) {
                y.values()[o + i] += row[i];
            }
        }
    }

    @Override
    public void scale(float factor, Panel x, int rows, int columns) {
        for (int r = 0, o = x.offset(); r < rows; r++, o += x.stride()) {
            for (int i = 0; i < columns; i++) {
                x.values()[o + i] *= factor;
            }
        }
    }

    @Override
    public double dot(Panel x, Panel y, int rows, int columns) {
        double sum = 0;
        for (int r = 0; r < rows; r++) {
            int a = x.offset() + r * x.stride();
            int b = y.offset() + r * y.stride();
            for (int i = 0; i < columns; i++) {
                sum += (double) x.values()[a + i] * y.values()[b + i];
            }
        }
        return sum;
    }

    @Override
    public void adamW(AdamWStep step, float[] parameters, float[] gradient, float[] first, float[] second) {
        double rate = step.learningRate() / step.firstCorrection();
        double root = Math.sqrt(step.secondCorrection());
        double keep = 1 - step.learningRate() * step.weightDecay();
        for (int i = 0; i < parameters.length; i++) {
            double g = gradient[i];
            double m = step.beta1() * first[i] + (1 - step.beta1()) * g;
            double v = step.beta2() * second[i] + (1 - step.beta2()) * g * g;
            first[i] = (float) m;
            second[i] = (float) v;
            parameters[i] = (float) (parameters[i] * keep - rate * m / (Math.sqrt(v) / root + step.epsilon()));
        }
    }
}
