package dev.fedlora.lora.tensor;

import java.util.Arrays;

/** The specification of the decoder's kernels: plain loops, everything in double, one rounding to float at the end. */
final class PlainDecoderRows implements DecoderMath {
    @Override
    public void rmsNorm(RmsNorm norm, Panel x, int rows, Panel y) {
        for (int r = 0; r < rows; r++) {
            int a = x.offset() + r * x.stride();
            int b = y.offset() + r * y.stride();
            double inverse = inverseRoot(norm, x.values(), a);
            for (int i = 0; i < norm.columns(); i++) {
                y.values()[b + i] = (float) (x.values()[a + i] * inverse * norm.weight()[i]);
            }
        }
    }

    private static double inverseRoot(RmsNorm norm, float[] v, int from) {
        double sum = 0;
        for (int i = from; i < from + norm.columns(); i++) {
            sum += (double) v[i] * v[i];
        }
        return 1 / Math.sqrt(sum / norm.columns() + norm.epsilon());
    }

    @Override
    public void rmsNormBackward(RmsNorm norm, Panel x, int rows, Gradients gradients) {
        Panel dy = gradients.dy();
        Panel dx = gradients.dx();
        int columns = norm.columns();
        for (int r = 0; r < rows; r++) {
            int a = x.offset() + r * x.stride();
            int b = dy.offset() + r * dy.stride();
            int c = dx.offset() + r * dx.stride();
            double inverse = inverseRoot(norm, x.values(), a);
            double projection = 0;
            for (int i = 0; i < columns; i++) {
                projection += (double) dy.values()[b + i] * norm.weight()[i] * x.values()[a + i] * inverse;
            }
            for (int i = 0; i < columns; i++) {
                double normal = x.values()[a + i] * inverse;
                double gradient =
                        inverse * ((double) dy.values()[b + i] * norm.weight()[i] - normal * projection / columns);
                dx.values()[c + i] = (float) (gradients.accumulate() ? dx.values()[c + i] + gradient : gradient);
            }
        }
    }

    @Override
    public void swiGlu(Panel gate, Panel up, int rows, int columns, Panel y) {
        for (int r = 0; r < rows; r++) {
            int a = gate.offset() + r * gate.stride();
            int b = up.offset() + r * up.stride();
            int c = y.offset() + r * y.stride();
            for (int i = 0; i < columns; i++) {
                double g = gate.values()[a + i];
                y.values()[c + i] = (float) (g * sigmoid(g) * up.values()[b + i]);
            }
        }
    }

    @Override
    public void swiGluBackward(Panel gate, Panel up, int rows, int columns, Panel dy) {
        for (int r = 0; r < rows; r++) {
            int a = gate.offset() + r * gate.stride();
            int b = up.offset() + r * up.stride();
            int c = dy.offset() + r * dy.stride();
            for (int i = 0; i < columns; i++) {
                double g = gate.values()[a + i];
                double s = sigmoid(g);
                double d = dy.values()[c + i];
                gate.values()[a + i] = (float) (d * up.values()[b + i] * s * (1 + g * (1 - s)));
                up.values()[b + i] = (float) (d * g * s);
            }
        }
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    @Override
    public void rotate(Rotation rotation, int[] positions, Panel x, Turn turn) {
        int width = rotation.width();
        double[] turned = new double[width];
        for (int r = 0; r < turn.rows(); r++) {
            int table = positions[r] * width;
            for (int h = 0; h < turn.heads(); h++) {
                int at = x.offset() + r * x.stride() + h * rotation.headWidth();
                for (int i = 0; i < width; i++) {
                    double sin = turn.back() ? -rotation.sin()[table + i] : rotation.sin()[table + i];
                    double partner = x.values()[at + rotation.partner(i)];
                    turned[i] = (double) x.values()[at + i] * rotation.cos()[table + i] + partner * sin;
                }
                for (int i = 0; i < width; i++) {
                    x.values()[at + i] = (float) turned[i];
                }
            }
        }
    }

    @Override
    public void attend(CachedAttention attention, Panel q, Panel context, float[] scores) {
        int width = attention.headWidth();
        int group = attention.heads() / attention.keyHeads();
        double[] sums = new double[width];
        double[] weights = new double[attention.count()];
        for (int h = 0; h < attention.heads(); h++) {
            int queryAt = q.offset() + h * width;
            weigh(attention, h / group * width, new Panel(q.values(), queryAt, width), weights);
            Arrays.fill(sums, 0);
            Panel values = attention.values();
            for (int t = 0; t < attention.count(); t++) {
                int at = values.offset() + t * values.stride() + h / group * width;
                for (int i = 0; i < width; i++) {
                    sums[i] += weights[t] * values.values()[at + i];
                }
            }
            for (int i = 0; i < width; i++) {
                context.values()[context.offset() + h * width + i] = (float) sums[i];
            }
        }
    }

    private static void weigh(CachedAttention attention, int column, Panel query, double[] weights) {
        Panel keys = attention.keys();
        double largest = Double.NEGATIVE_INFINITY;
        for (int t = 0; t < weights.length; t++) {
            int at = keys.offset() + t * keys.stride() + column;
            double sum = 0;
            for (int i = 0; i < attention.headWidth(); i++) {
                sum += (double) query.values()[query.offset() + i] * keys.values()[at + i];
            }
            weights[t] = sum * attention.scale();
            largest = Math.max(largest, weights[t]);
        }
        double total = 0;
        for (int t = 0; t < weights.length; t++) {
            weights[t] = Math.exp(weights[t] - largest);
            total += weights[t];
        }
        for (int t = 0; t < weights.length; t++) {
            weights[t] /= total;
        }
    }
}
