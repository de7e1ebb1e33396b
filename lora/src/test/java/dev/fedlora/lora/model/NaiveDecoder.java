package dev.fedlora.lora.model;

import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.quant.Dequantizer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The textbook forward pass of a {@link TinyDecoder} with an adapter, one text and one row at a time, in double and
 * without any of the product's kernels: the oracle of forward values and, by central differences, of gradients.
 */
final class NaiveDecoder {
    private static final double STEP = 1e-5; // truncation about 1e-10, rounding about 1e-11 of the loss

    private final TinyDecoder tiny;
    private final GgufFile file;
    private final LoraAdapter adapter;
    private final double[] parameters; // of the adapter, in canonical order
    private final Map<String, float[]> weights = new HashMap<>();

    NaiveDecoder(TinyDecoder tiny, GgufFile file, LoraAdapter adapter) {
        this.tiny = tiny;
        this.file = file;
        this.adapter = adapter;
        float[] all = adapter.parameters();
        this.parameters = new double[all.length];
        Arrays.setAll(parameters, i -> all[i]);
    }

    /** Returns the gradient of Σ weight · loss of every token but the first, by central differences. */
    double[] gradient(List<int[]> texts, float[] textWeights) {
        double[] gradient = new double[parameters.length];
        for (int i = 0; i < gradient.length; i++) {
            double at = parameters[i];
            parameters[i] = at + STEP;
            double above = loss(texts, textWeights);
            parameters[i] = at - STEP;
            double below = loss(texts, textWeights);
            parameters[i] = at;
            gradient[i] = (above - below) / (2 * STEP);
        }
        return gradient;
    }

    double loss(List<int[]> texts, float[] textWeights) {
        double loss = 0;
        for (int s = 0; s < texts.size(); s++) {
            double[][] logits = logits(texts.get(s));
            for (int t = 0; t + 1 < logits.length; t++) {
                double sum = Arrays.stream(logits[t]).map(Math::exp).sum();
                loss += textWeights[s] * (Math.log(sum) - logits[t][texts.get(s)[t + 1]]);
            }
        }
        return loss;
    }

    double[][] logits(int[] tokens) {
        double[][] x = new double[tokens.length][TinyDecoder.WIDTH];
        for (int t = 0; t < tokens.length; t++) {
            for (int i = 0; i < TinyDecoder.WIDTH; i++) {
                x[t][i] = values("token_embd.weight")[tokens[t] * TinyDecoder.WIDTH + i];
            }
        }
        for (int block = 0; block < TinyDecoder.BLOCKS; block++) {
            block("blk." + block + ".", x);
        }
        double[][] logits = new double[tokens.length][];
        for (int t = 0; t < tokens.length; t++) {
            double[] hidden = norm("output_norm.weight", x[t]);
            logits[t] = times(tiny.isTied() ? "token_embd.weight" : "output.weight", hidden);
        }
        return logits;
    }

    private void block(String prefix, double[][] x) {
        int count = x.length;
        double[][] q = new double[count][];
        double[][] k = new double[count][];
        double[][] v = new double[count][];
        for (int t = 0; t < count; t++) {
            double[] n = norm(prefix + "attn_norm.weight", x[t]);
            q[t] = turned(prefix + "attn_q_norm.weight", layer(prefix + "attn_q", n), t);
            k[t] = turned(prefix + "attn_k_norm.weight", layer(prefix + "attn_k", n), t);
            v[t] = layer(prefix + "attn_v", n);
        }
        for (int t = 0; t < count; t++) {
            double[] mixed = normIfThere(prefix + "attn_sub_norm.weight", attend(q[t], k, v, t));
            add(x[t], layer(prefix + "attn_output", mixed));
            double[] n = norm(prefix + "ffn_norm.weight", x[t]);
            double[] gate = layer(prefix + "ffn_gate", n);
            double[] up = layer(prefix + "ffn_up", n);
            double[] inner = new double[gate.length];
            Arrays.setAll(inner, i -> gate[i] / (1 + Math.exp(-gate[i])) * up[i]);
            add(x[t], layer(prefix + "ffn_down", normIfThere(prefix + "ffn_sub_norm.weight", inner)));
        }
    }

    private static void add(double[] x, double[] y) {
        Arrays.setAll(x, i -> x[i] + y[i]);
    }

    private double[] attend(double[] q, double[][] k, double[][] v, int at) {
        int width = tiny.headWidth();
        double[] mixed = new double[q.length];
        for (int h = 0; h < TinyDecoder.HEADS; h++) {
            int shared = h / (TinyDecoder.HEADS / TinyDecoder.KEY_HEADS) * width;
            double[] weights = new double[at + 1];
            double sum = 0;
            for (int t = 0; t <= at; t++) {
                double score = 0;
                for (int i = 0; i < width; i++) {
                    score += q[h * width + i] * k[t][shared + i];
                }
                weights[t] = Math.exp(score / Math.sqrt(width));
                sum += weights[t];
            }
            for (int t = 0; t <= at; t++) {
                for (int i = 0; i < width; i++) {
                    mixed[h * width + i] += weights[t] / sum * v[t][shared + i];
                }
            }
        }
        return mixed;
    }

    /** Norms every head where the model has such norms, then turns it. */
    private double[] turned(String norm, double[] heads, int position) {
        int width = tiny.headWidth();
        double[] all = new double[heads.length];
        for (int h = 0; h < heads.length; h += width) {
            double[] head = normIfThere(norm, Arrays.copyOfRange(heads, h, h + width));
            boolean neighbours = tiny.architecture.equals("llama");
            for (int pair = 0; pair < width / 2; pair++) {
                int first = neighbours ? 2 * pair : pair;
                int second = neighbours ? first + 1 : pair + width / 2;
                double angle = position * frequency(pair);
                double size = tiny == TinyDecoder.LLAMA_YARN ? 1 + 0.1 * Math.log(TinyDecoder.STRETCH) : 1;
                all[h + first] = size * (head[first] * Math.cos(angle) - head[second] * Math.sin(angle));
                all[h + second] = size * (head[first] * Math.sin(angle) + head[second] * Math.cos(angle));
            }
        }
        return all;
    }

    private double frequency(int pair) {
        double frequency = Math.pow(TinyDecoder.BASE, -2.0 * pair / tiny.headWidth());
        return switch (tiny) {
            case LLAMA3 -> frequency / values("rope_freqs.weight")[pair];
            case LLAMA_LINEAR -> frequency / TinyDecoder.STRETCH;
            case LLAMA_YARN -> {
                // YaRN's ramp for 4 values a head, base 500 and 16 positions: from pair 0 (low) to pair 1 (high)
                double share = pair == 0 ? 1 : 0;
                yield frequency * share + frequency / TinyDecoder.STRETCH * (1 - share);
            }
            default -> frequency;
        };
    }

    private double[] normIfThere(String name, double[] x) {
        return file.findTensor(name).isPresent() ? norm(name, x) : x;
    }

    private double[] norm(String name, double[] x) {
        float[] weight = values(name);
        double square = Arrays.stream(x).map(a -> a * a).sum() / x.length;
        double[] y = new double[x.length];
        Arrays.setAll(y, i -> x[i] / Math.sqrt(square + TinyDecoder.EPSILON) * weight[i]);
        return y;
    }

    /** The frozen layer with its bias and factor, and the adapter's share. */
    private double[] layer(String name, double[] x) {
        double[] y = times(name + ".weight", x);
        addAdapter(name + ".weight", x, y);
        double factor = file.findTensor(name + ".scale").isPresent() ? values(name + ".scale")[0] : 1;
        boolean biased = file.findTensor(name + ".bias").isPresent();
        Arrays.setAll(y, i -> y[i] * factor + (biased ? values(name + ".bias")[i] : 0));
        return y;
    }

    private double[] times(String name, double[] x) {
        float[] weight = values(name);
        double[] y = new double[weight.length / x.length];
        for (int n = 0; n < y.length; n++) {
            for (int i = 0; i < x.length; i++) {
                y[n] += weight[n * x.length + i] * x[i];
            }
        }
        return y;
    }

    private void addAdapter(String tensor, double[] x, double[] y) {
        int at = 0;
        for (LoraFactors factors : adapter.factors()) {
            int b = at + factors.a().length;
            if (factors.tensor().equals(tensor)) {
                double scale = adapter.spec().scale(factors);
                for (int r = 0; r < factors.rank(); r++) {
                    double h = 0;
                    for (int i = 0; i < x.length; i++) {
                        h += parameters[at + r * x.length + i] * x[i];
                    }
                    for (int n = 0; n < y.length; n++) {
                        y[n] += scale * parameters[b + n * factors.rank() + r] * h;
                    }
                }
            }
            at = b + factors.b().length;
        }
    }

    private float[] values(String name) {
        return weights.computeIfAbsent(
                name,
                key -> file.tensor(key).dimensions().size() == 1
                        ? file.vector(key)
                        : Dequantizer.all(file.matrix(key)));
    }
}
