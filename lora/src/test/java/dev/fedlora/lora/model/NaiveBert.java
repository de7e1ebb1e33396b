package dev.fedlora.lora.model;

import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import java.util.Arrays;
import java.util.List;

/**
 * The textbook forward pass of a {@link TinyBert} with an adapter, in double and without any of the product's code: the
 * oracle of forward values and, by central differences, of gradients.
 */
final class NaiveBert {
    private static final double STEP = 1e-5; // truncation about 1e-10, rounding about 1e-11 of the loss

    private final TinyBert tiny;
    private final LoraAdapter adapter;
    private final double[] parameters; // of the adapter, in canonical order

    NaiveBert(TinyBert tiny, LoraAdapter adapter) {
        this.tiny = tiny;
        this.adapter = adapter;
        float[] all = adapter.parameters();
        this.parameters = new double[all.length];
        Arrays.setAll(parameters, i -> all[i]);
    }

    /** Returns the gradient of Σ weight · loss over the sequences, by central differences. */
    double[] gradient(List<int[]> sequences, int[] labels, float[] weights) {
        double[] gradient = new double[parameters.length];
        for (int i = 0; i < gradient.length; i++) {
            double at = parameters[i];
            parameters[i] = at + STEP;
            double above = loss(sequences, labels, weights);
            parameters[i] = at - STEP;
            double below = loss(sequences, labels, weights);
            parameters[i] = at;
            gradient[i] = (above - below) / (2 * STEP);
        }
        return gradient;
    }

    double loss(List<int[]> sequences, int[] labels, float[] weights) {
        double loss = 0;
        for (int s = 0; s < labels.length; s++) {
            double[] logits = logits(sequences.get(s));
            double sum = Arrays.stream(logits).map(Math::exp).sum();
            loss += weights[s] * (Math.log(sum) - logits[labels[s]]);
        }
        return loss;
    }

    double[] logits(int[] tokens) {
        ClassifierHead head = adapter.head();
        int classes = head.labels().size();
        double[] pooled = pooled(tokens);
        int offset = parameters.length - classes * (pooled.length + 1);
        double[] logits = new double[classes];
        for (int c = 0; c < classes; c++) {
            logits[c] = parameters[offset + classes * pooled.length + c];
            for (int i = 0; i < pooled.length; i++) {
                logits[c] += parameters[offset + c * pooled.length + i] * pooled[i];
            }
        }
        return logits;
    }

    double[] pooled(int[] tokens) {
        double[][] x = new double[tokens.length][tiny.shape.width()];
        for (int t = 0; t < tokens.length; t++) {
            for (int i = 0; i < x[t].length; i++) {
                x[t][i] = tiny.values("token_embd.weight")[tokens[t] * x[t].length + i]
                        + tiny.values("position_embd.weight")[t * x[t].length + i]
                        + tiny.values("token_types.weight")[i];
            }
        }
        x = norm(x, "token_embd_norm");
        for (int block = 0; block < tiny.shape.blocks(); block++) {
            String name = "blk." + block + ".";
            double[][] context =
                    attention(linear(x, name + "attn_q"), linear(x, name + "attn_k"), linear(x, name + "attn_v"));
            x = norm(sum(x, linear(context, name + "attn_output")), name + "attn_output_norm");
            double[][] inner = linear(x, name + "ffn_up");
            for (double[] row : inner) {
                for (int i = 0; i < row.length; i++) {
                    row[i] = row[i] * 0.5 * (1 + erf(row[i] / Math.sqrt(2)));
                }
            }
            x = norm(sum(x, linear(inner, name + "ffn_down")), name + "layer_output_norm");
        }
        double[] pooled = new double[tiny.shape.width()];
        for (double[] row : x) {
            for (int i = 0; i < pooled.length; i++) {
                pooled[i] += row[i] / x.length;
            }
        }
        return pooled;
    }

    private double[][] linear(double[][] x, String name) {
        float[] weight = tiny.values(name + ".weight");
        float[] bias = tiny.values(name + ".bias");
        double[][] y = new double[x.length][bias.length];
        int offset = 0;
        LoraFactors found = null;
        for (LoraFactors each : adapter.factors()) {
            if (each.tensor().equals(name + ".weight")) {
                found = each;
                break;
            }
            offset += each.a().length + each.b().length;
        }
        for (int t = 0; t < x.length; t++) {
            for (int n = 0; n < bias.length; n++) {
                y[t][n] = bias[n];
                for (int k = 0; k < x[t].length; k++) {
                    y[t][n] += weight[n * x[t].length + k] * x[t][k];
                }
                for (int j = 0; found != null && j < found.rank(); j++) {
                    double h = 0;
                    for (int k = 0; k < x[t].length; k++) {
                        h += parameters[offset + j * x[t].length + k] * x[t][k];
                    }
                    y[t][n] += adapter.spec().scale(found)
                            * parameters[offset + found.a().length + n * found.rank() + j]
                            * h;
                }
            }
        }
        return y;
    }

    private double[][] attention(double[][] q, double[][] k, double[][] v) {
        int width = tiny.shape.headWidth();
        double[][] context = new double[q.length][tiny.shape.width()];
        for (int head = 0; head < tiny.shape.heads(); head++) {
            for (int t = 0; t < q.length; t++) {
                double[] weights = new double[q.length];
                double total = 0;
                for (int other = 0; other < q.length; other++) {
                    for (int i = head * width; i < (head + 1) * width; i++) {
                        weights[other] += q[t][i] * k[other][i] / Math.sqrt(width);
                    }
                    weights[other] = Math.exp(weights[other]);
                    total += weights[other];
                }
                for (int other = 0; other < q.length; other++) {
                    for (int i = head * width; i < (head + 1) * width; i++) {
                        context[t][i] += weights[other] / total * v[other][i];
                    }
                }
            }
        }
        return context;
    }

    private double[][] norm(double[][] x, String name) {
        double[][] y = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            double mean = Arrays.stream(x[t]).average().orElseThrow();
            double variance = Arrays.stream(x[t])
                    .map(a -> (a - mean) * (a - mean))
                    .average()
                    .orElseThrow();
            y[t] = new double[x[t].length];
            for (int i = 0; i < y[t].length; i++) {
                y[t][i] =
                        (x[t][i] - mean) / Math.sqrt(variance + tiny.shape.epsilon()) * tiny.values(name + ".weight")[i]
                                + tiny.values(name + ".bias")[i];
            }
        }
        return y;
    }

    private static double[][] sum(double[][] a, double[][] b) {
        double[][] sum = new double[a.length][a[0].length];
        for (int t = 0; t < a.length; t++) {
            for (int i = 0; i < a[t].length; i++) {
                sum[t][i] = a[t][i] + b[t][i];
            }
        }
        return sum;
    }

    /** erf x = 2/√π e^(-x²) Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1)): all terms of one sign, so nothing cancels. */
    static double erf(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; n < 200; n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }
}
