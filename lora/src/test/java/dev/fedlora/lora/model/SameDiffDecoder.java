package dev.fedlora.lora.model;

import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.quant.Dequantizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * One text through a {@link TinyDecoder} with an adapter, as a graph of SameDiff in double, and the gradient that SameDiff
 * derives from it: an oracle that shares nothing with the engine but the weights. Used once; letters as in the engine, T
 * tokens, H heads, G key heads, E values a head.
 */
final class SameDiffDecoder {
    private static final int H = TinyDecoder.HEADS;
    private static final int G = TinyDecoder.KEY_HEADS;

    private final SameDiff graph = SameDiff.create();
    private final TinyDecoder tiny;
    private final GgufFile file;
    private final int E;
    private final LoraAdapter adapter;
    private final int[] tokens;
    private final List<String> factors = new ArrayList<>();
    private final double[][] cosines;
    private final double[][] sines;

    /** @param tiny without scaled positions */
    SameDiffDecoder(TinyDecoder tiny, GgufFile file, LoraAdapter adapter, int[] tokens) {
        this.tiny = tiny;
        this.file = file;
        this.E = tiny.headWidth();
        this.adapter = adapter;
        this.tokens = tokens;
        this.cosines = new double[tokens.length][E];
        this.sines = new double[tokens.length][E];
        for (int t = 0; t < tokens.length; t++) {
            for (int i = 0; i < E; i++) {
                int pair = turnsHalves() ? i % (E / 2) : i / 2;
                double angle = t * Math.pow(TinyDecoder.BASE, -2.0 * pair / E);
                cosines[t][i] = Math.cos(angle);
                sines[t][i] = Math.sin(angle);
            }
        }
    }

    /** Returns the gradient of weight · Σ loss over the learned tokens, in canonical order. */
    double[] gradient(boolean[] learned, double weight) {
        SDVariable x = constant(Arrays.stream(tokens).mapToObj(this::embedding).toArray(double[][]::new));
        for (int block = 0; block < TinyDecoder.BLOCKS; block++) {
            x = block("blk." + block + ".", x);
        }
        SDVariable logits = linear(norm(x, "output_norm", 1), tiny.isTied() ? "token_embd" : "output");
        double[][] counted = new double[tokens.length][TinyDecoder.VOCABULARY];
        for (int t = 1; t < tokens.length; t++) {
            counted[t - 1][tokens[t]] = learned[t] ? -weight : 0;
        }
        graph.math()
                .log(graph.nn().softmax(logits, 1))
                .mul(constant(counted))
                .sum()
                .rename("loss");
        graph.setLossVariables("loss");
        Map<String, INDArray> gradients = graph.calculateGradients(Map.of(), factors);
        return adapter.factors().stream()
                .flatMap(each -> List.of(each.tensor() + ".a", each.tensor() + ".b").stream())
                .flatMapToDouble(name ->
                        Arrays.stream(gradients.get(name).dup('c').data().asDouble()))
                .toArray();
    }

    private SDVariable block(String name, SDVariable x) {
        SDVariable n = norm(x, name + "attn_norm", 1);
        SDVariable q = turned(headed(n, name, "attn_q", H), H);
        SDVariable k = turned(headed(n, name, "attn_k", G), G);
        SDVariable v = linear(n, name + "attn_v").reshape(tokens.length, G, E).permute(1, 0, 2);
        SDVariable context = normIfThere(attention(q, k, v), name + "attn_sub_norm", 1);
        SDVariable attended = x.add(linear(context, name + "attn_output"));
        SDVariable read = norm(attended, name + "ffn_norm", 1);
        SDVariable gate = linear(read, name + "ffn_gate");
        SDVariable activated = gate.mul(graph.nn().sigmoid(gate)).mul(linear(read, name + "ffn_up"));
        return attended.add(linear(normIfThere(activated, name + "ffn_sub_norm", 1), name + "ffn_down"));
    }

    /** Returns heads × T × E. */
    private SDVariable headed(SDVariable x, String block, String layer, int heads) {
        SDVariable values = linear(x, block + layer).reshape(tokens.length, heads, E);
        return normIfThere(values, block + layer + "_norm", 2).permute(1, 0, 2);
    }

    /** Turns every pair by its position's angle: x cos + x' sin, where x' is x with each pair a quarter further. */
    private SDVariable turned(SDVariable x, int heads) {
        double[][] quarter = new double[E][E];
        for (int i = 0; i < E / 2; i++) {
            int first = turnsHalves() ? i : 2 * i;
            int second = turnsHalves() ? i + E / 2 : 2 * i + 1;
            quarter[second][first] = -1;
            quarter[first][second] = 1;
        }
        SDVariable further = graph.mmul(x.reshape(heads * tokens.length, E), constant(quarter))
                .reshape(heads, tokens.length, E);
        SDVariable cos = constant(cosines).reshape(1, tokens.length, E);
        SDVariable sin = constant(sines).reshape(1, tokens.length, E);
        return x.mul(cos).add(further.mul(sin));
    }

    /** Returns T × H E. */
    private SDVariable attention(SDVariable q, SDVariable k, SDVariable v) {
        int t = tokens.length;
        double[][] future = new double[t][t];
        for (int i = 0; i < t; i++) {
            Arrays.fill(future[i], i + 1, t, -1e9); // a probability of exactly 0
        }
        // the heads of one key head are neighbours, so they are one matrix of its queries
        SDVariable scores = graph.mmul(q.reshape(G, H / G * t, E), k, false, true, false)
                .mul(1 / Math.sqrt(E))
                .reshape(H, t, t)
                .add(constant(future).reshape(1, t, t));
        SDVariable mixed = graph.mmul(graph.nn().softmax(scores, 2).reshape(G, H / G * t, t), v);
        return mixed.reshape(H, t, E).permute(1, 0, 2).reshape(t, H * E);
    }

    private SDVariable normIfThere(SDVariable x, String name, int dimension) {
        return file.findTensor(name + ".weight").isEmpty() ? x : norm(x, name, dimension);
    }

    private SDVariable norm(SDVariable x, String name, int dimension) {
        SDVariable meanSquare = x.mul(x).mean(true, dimension);
        SDVariable root = graph.math().sqrt(meanSquare.add(TinyDecoder.EPSILON));
        return x.div(root).mul(constant(values(name + ".weight")));
    }

    private SDVariable linear(SDVariable x, String name) {
        float[] weight = values(name + ".weight");
        long inputs = file.tensor(name + ".weight").dimensions().get(0);
        SDVariable y = graph.mmul(x, constant(weight, weight.length / inputs, inputs), false, true, false);
        LoraFactors own = factors(name + ".weight");
        if (own != null) {
            SDVariable a = variable(own.tensor() + ".a", own.a(), own.rank(), own.inputs());
            SDVariable b = variable(own.tensor() + ".b", own.b(), own.outputs(), own.rank());
            SDVariable hidden = graph.mmul(x, a, false, true, false);
            y = y.add(graph.mmul(hidden, b, false, true, false)
                    .mul((double) adapter.spec().scale(own)));
        }
        if (file.findTensor(name + ".scale").isPresent()) {
            y = y.mul((double) values(name + ".scale")[0]);
        }
        return file.findTensor(name + ".bias").isEmpty() ? y : y.add(constant(values(name + ".bias")));
    }

    private boolean turnsHalves() {
        return !tiny.architecture.equals("llama");
    }

    private float[] values(String name) {
        return file.tensor(name).dimensions().size() == 1 ? file.vector(name) : Dequantizer.all(file.matrix(name));
    }

    private double[] embedding(int token) {
        float[] table = values("token_embd.weight");
        double[] row = new double[TinyDecoder.WIDTH];
        Arrays.setAll(row, i -> table[token * row.length + i]);
        return row;
    }

    private @Nullable LoraFactors factors(String tensor) {
        return adapter.factors().stream()
                .filter(each -> each.tensor().equals(tensor))
                .findFirst()
                .orElse(null);
    }

    private SDVariable variable(String name, float[] values, int rows, int columns) {
        factors.add(name);
        return graph.var(
                name, Nd4j.createFromArray(values).castTo(DataType.DOUBLE).reshape(rows, columns));
    }

    private SDVariable constant(float[] values, long... shape) {
        INDArray all = Nd4j.createFromArray(values).castTo(DataType.DOUBLE);
        return graph.constant(shape.length == 0 ? all : all.reshape(shape));
    }

    private SDVariable constant(double[][] values) {
        return graph.constant(Nd4j.createFromArray(values));
    }
}
