package dev.fedlora.lora.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.quant.Dequantizer;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.quant.Quantizer;
import dev.fedlora.testkit.Property;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapted layers, attention and output loss of every back end against loops in double that are written from the formulas. */
class ComposedProductsTest {
    private static MatrixProducts open(String name) {
        try {
            return MatrixBackends.select(name).open();
        } catch (IllegalStateException missing) {
            System.err.println("skipped: " + missing.getMessage());
            return Assumptions.abort("skipped: " + missing.getMessage());
        }
    }

    /**
     * Of the result's norm. Binary32: sums of at most some hundred products, 2^-24 each, through up to four products in a
     * row. bfloat16: operands are rounded by at most 2^-9 each, again at every one of the four.
     */
    private static double tolerance(String backend) {
        return backend.endsWith("bf16") ? 0.02 : 2e-5;
    }

    private static void assertClose(String what, Panel got, double[][] expected, double tolerance) {
        double error = 0;
        double size = 0;
        for (int i = 0; i < expected.length; i++) {
            for (int j = 0; j < expected[i].length; j++) {
                double difference = at(got, i, j) - expected[i][j];
                error += difference * difference;
                size += expected[i][j] * expected[i][j];
            }
        }
        assertThat(Math.sqrt(error)).as(what).isLessThanOrEqualTo(tolerance * Math.sqrt(size) + 1e-12);
    }

    private static double at(Panel panel, int i, int j) {
        return panel.values()[panel.offset() + i * panel.stride() + j];
    }

    private static Panel random(SplittableRandom random, int rows, int columns) {
        int offset = random.nextInt(3);
        int stride = columns + random.nextInt(3);
        return new Panel(Property.floats(random, offset + rows * stride), offset, stride);
    }

    private static double[][] values(Panel panel, int rows, int columns) {
        double[][] values = new double[rows][columns];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                values[i][j] = at(panel, i, j);
            }
        }
        return values;
    }

    // ---- adapted layers

    /** One layer with its runs, and what must come out. */
    private static final class Layer {
        final AdaptedLayer layer;
        final double[][] weight;
        final double[][] before;
        final int n;

        Layer(SplittableRandom random, int rows, int k, List<int[]> cuts, boolean oneAdapter) {
            n = 32 * random.nextInt(1, 4) + random.nextInt(3);
            QuantizedMatrix matrix = Quantizer.matrix("w", QuantizationType.Q8_0, n, k, Property.floats(random, n * k));
            weight = values(Panel.of(Dequantizer.all(matrix), k), n, k);
            int rank = random.nextInt(1, 10);
            Panel hidden = Panel.of(new float[rows * rank], rank);
            float[] a = Property.floats(random, rank * k);
            float[] b = Property.floats(random, n * rank);
            float[] shared = new float[rank * k + n * rank];
            List<LoraRun> runs = new ArrayList<>();
            for (int[] cut : cuts) {
                if (!oneAdapter && random.nextBoolean()) {
                    runs.add(runOfAnotherRank(random, cut, n, k));
                    continue;
                }
                float[] into = random.nextBoolean() ? shared : new float[rank * k + n * rank];
                Panel da = random.nextInt(4) == 0 ? null : Panel.of(into, k);
                Panel db = new Panel(into, rank * k, rank);
                runs.add(new LoraRun(
                        cut[0],
                        cut[1],
                        rank,
                        0.7f,
                        oneAdapter ? a : Property.floats(random, rank * k),
                        oneAdapter ? b : Property.floats(random, n * rank),
                        hidden.from(cut[0]),
                        new LoraRun.Gradient(da, db)));
            }
            Panel output = random(random, rows, n);
            before = values(output, rows, n);
            layer = new AdaptedLayer(matrix, output, runs);
        }

        private static LoraRun runOfAnotherRank(SplittableRandom random, int[] cut, int n, int k) {
            int rank = random.nextInt(1, 10);
            float[] a = Property.floats(random, rank * k);
            float[] b = Property.floats(random, n * rank);
            float[] into = new float[rank * k + n * rank];
            LoraRun.Gradient gradient = new LoraRun.Gradient(Panel.of(into, k), new Panel(into, rank * k, rank));
            Panel hidden = Panel.of(new float[cut[1] * rank], rank);
            return new LoraRun(cut[0], cut[1], rank, 1.3f, a, b, hidden, gradient);
        }

        /** W + s B A of a row. */
        double[][] effective(int row) {
            double[][] all = new double[n][];
            for (int i = 0; i < n; i++) {
                all[i] = weight[i].clone();
            }
            for (LoraRun run : layer.runs()) {
                if (row >= run.firstRow() && row < run.endRow()) {
                    int k = all[0].length;
                    for (int i = 0; i < n; i++) {
                        for (int p = 0; p < run.rank(); p++) {
                            for (int j = 0; j < k; j++) {
                                all[i][j] += (double) run.scale() * run.b()[i * run.rank() + p] * run.a()[p * k + j];
                            }
                        }
                    }
                }
            }
            return all;
        }
    }

    private static List<int[]> cuts(SplittableRandom random, int rows) {
        List<int[]> cuts = new ArrayList<>();
        int from = random.nextInt(2);
        while (from < rows && random.nextInt(6) > 0) {
            int count = random.nextInt(1, rows - from + 1);
            cuts.add(new int[] {from, count});
            from += count + (random.nextInt(3) == 0 ? 1 : 0);
        }
        return cuts;
    }

    private static List<Layer> layers(SplittableRandom random, int rows, int k) {
        List<int[]> cuts = cuts(random, rows);
        boolean oneAdapter = random.nextBoolean();
        List<Layer> layers = new ArrayList<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            layers.add(new Layer(random, rows, k, random.nextInt(3) > 0 ? cuts : List.of(), oneAdapter));
        }
        return layers;
    }

    private static double[][] times(double[] x, double[][] weight, double[] onto) {
        double[] y = onto.clone();
        for (int i = 0; i < weight.length; i++) {
            for (int j = 0; j < x.length; j++) {
                y[i] += weight[i][j] * x[j];
            }
        }
        return new double[][] {y};
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference", "vector", "onednn-f32", "onednn-bf16", "nd4j"})
    void forwardAndBackward_layersOfOneInput_areTheFormulas(String name) {
        try (MatrixProducts products = open(name)) {
            Property.forAll(60, random -> layersAreTheFormulas(products, random, tolerance(name)));
        }
    }

    private static void layersAreTheFormulas(MatrixProducts products, SplittableRandom random, double tolerance) {
        int rows = random.nextInt(1, 24);
        int k = 32 * random.nextInt(1, 4);
        List<Layer> layers = layers(random, rows, k);
        Panel x = random(random, rows, k);
        double[][] in = values(x, rows, k);
        boolean adds = random.nextBoolean();
        List<AdaptedLayer> arguments = layers.stream().map(layer -> layer.layer).toList();
        products.forward(arguments, x, rows, adds);
        for (Layer layer : layers) {
            double[][] expected = new double[rows][];
            for (int r = 0; r < rows; r++) {
                expected[r] = times(in[r], layer.effective(r), adds ? layer.before[r] : new double[layer.n])[0];
            }
            assertClose("y", layer.layer.output(), expected, tolerance);
        }

        // on the way back the outputs hold dy: what stands in them now will do
        Panel dx = random(random, rows, k);
        double[][] expected = adds ? values(dx, rows, k) : new double[rows][k];
        for (Layer layer : layers) {
            double[][] dy = values(layer.layer.output(), rows, layer.n);
            for (int r = 0; r < rows; r++) {
                double[][] effective = layer.effective(r);
                for (int i = 0; i < layer.n; i++) {
                    for (int j = 0; j < k; j++) {
                        expected[r][j] += dy[r][i] * effective[i][j];
                    }
                }
            }
        }
        List<double[][]> sinks = expectedGradients(layers, in);
        boolean wanted = random.nextInt(4) > 0;
        float[] untouched = dx.values().clone();
        products.backward(arguments, x, rows, wanted ? dx : null, adds);
        if (wanted) {
            assertClose("dx", dx, expected, tolerance);
        } else {
            assertThat(dx.values()).isEqualTo(untouched);
        }
        int next = 0;
        for (Layer layer : layers) {
            for (LoraRun run : layer.layer.runs()) {
                float[] into = accumulator(run);
                assertClose("dA and dB", Panel.of(into, into.length), sinks.get(next++), tolerance);
            }
        }
    }

    private static float[] accumulator(LoraRun run) {
        return Objects.requireNonNull(run.gradient()).b().values();
    }

    /** For each run of each layer, what its accumulator holds in the end: runs may share one. */
    private static List<double[][]> expectedGradients(List<Layer> layers, double[][] in) {
        List<double[][]> all = new ArrayList<>();
        for (Layer layer : layers) {
            IdentityHashMap<float[], double[]> sums = new IdentityHashMap<>();
            for (LoraRun run : layer.layer.runs()) {
                double[] sum = sums.computeIfAbsent(accumulator(run), values -> new double[values.length]);
                addGradients(layer, run, in, sum);
            }
            for (LoraRun run : layer.layer.runs()) {
                all.add(new double[][] {sums.get(accumulator(run))});
            }
        }
        return all;
    }

    private static void addGradients(Layer layer, LoraRun run, double[][] in, double[] sum) {
        int k = in[0].length;
        int rank = run.rank();
        boolean aWanted = Objects.requireNonNull(run.gradient()).a() != null;
        for (int r = run.firstRow(); r < run.endRow(); r++) {
            for (int p = 0; p < rank; p++) {
                double hidden = 0;
                double hiddenGradient = 0;
                for (int j = 0; j < k; j++) {
                    hidden += in[r][j] * run.a()[p * k + j];
                }
                for (int i = 0; i < layer.n; i++) {
                    double dy = at(layer.layer.output(), r, i);
                    hiddenGradient += run.scale() * dy * run.b()[i * rank + p];
                    sum[rank * k + i * rank + p] += run.scale() * dy * hidden;
                }
                for (int j = 0; j < k && aWanted; j++) {
                    sum[p * k + j] += hiddenGradient * in[r][j];
                }
            }
        }
    }

    // ---- attention

    @ParameterizedTest
    @ValueSource(strings = {"reference", "vector", "onednn-f32", "onednn-bf16", "nd4j"})
    void attention_sequencesAndGroups_isTheFormula(String name) {
        try (MatrixProducts products = open(name)) {
            Property.forAll(25, random -> attentionIsTheFormula(products, random, tolerance(name)));
        }
    }

    private static AttentionShape shape(SplittableRandom random) {
        int sequences = random.nextInt(1, 4);
        int[] starts = new int[sequences + 1];
        for (int s = 0; s < sequences; s++) {
            starts[s + 1] = starts[s] + random.nextInt(1, random.nextInt(4) == 0 ? 150 : 30);
        }
        int keyHeads = random.nextInt(1, 3);
        int headWidth = 8 * random.nextInt(1, 5);
        return new AttentionShape(
                starts, keyHeads * random.nextInt(1, 4), keyHeads, headWidth, random.nextBoolean(), 0.4f);
    }

    private static void attentionIsTheFormula(MatrixProducts products, SplittableRandom random, double tolerance) {
        AttentionShape shape = shape(random);
        int rows = shape.rows();
        int wide = shape.heads() * shape.headWidth();
        int narrow = shape.keyHeads() * shape.headWidth();
        AttentionShape.Operands in = new AttentionShape.Operands(
                random(random, rows, wide), random(random, rows, narrow), random(random, rows, narrow));
        Panel context = random(random, rows, wide);
        Panel dContext = random(random, rows, wide);
        AttentionShape.Operands gradient = new AttentionShape.Operands(
                random(random, rows, wide), random(random, rows, narrow), random(random, rows, narrow));
        Expected expected = new Expected(shape, in, dContext);
        products.attention(shape, in, context);
        products.attentionBackward(shape, in, dContext, gradient);
        assertClose("context", context, expected.context, tolerance);
        assertClose("dq", gradient.queries(), expected.dq, tolerance);
        assertClose("dk", gradient.keys(), expected.dk, tolerance);
        assertClose("dv", gradient.values(), expected.dv, tolerance);
    }

    private static final class Expected {
        final double[][] context;
        final double[][] dq;
        final double[][] dk;
        final double[][] dv;

        Expected(AttentionShape shape, AttentionShape.Operands in, Panel dContext) {
            int rows = shape.rows();
            int e = shape.headWidth();
            context = new double[rows][shape.heads() * e];
            dq = new double[rows][shape.heads() * e];
            dk = new double[rows][shape.keyHeads() * e];
            dv = new double[rows][shape.keyHeads() * e];
            for (int s = 0; s + 1 < shape.starts().length; s++) {
                int first = shape.starts()[s];
                int end = shape.starts()[s + 1];
                for (int h = 0; h < shape.heads(); h++) {
                    int key = h / (shape.heads() / shape.keyHeads()) * e;
                    for (int i = first; i < end; i++) {
                        row(shape, in, dContext, new int[] {first, shape.causal() ? i + 1 : end, i, h * e, key});
                    }
                }
            }
        }

        private void row(AttentionShape shape, AttentionShape.Operands in, Panel dContext, int[] place) {
            int first = place[0];
            int n = place[1] - first;
            int i = place[2];
            int q = place[3];
            int key = place[4];
            int e = shape.headWidth();
            double[] p = new double[n];
            double sum = 0;
            for (int j = 0; j < n; j++) {
                double score = 0;
                for (int c = 0; c < e; c++) {
                    score += at(in.queries(), i, q + c) * at(in.keys(), first + j, key + c);
                }
                p[j] = Math.exp(score * shape.scale());
                sum += p[j];
            }
            double mean = 0;
            double[] dp = new double[n];
            for (int j = 0; j < n; j++) {
                p[j] /= sum;
                for (int c = 0; c < e; c++) {
                    context[i][q + c] += p[j] * at(in.values(), first + j, key + c);
                    dp[j] += at(dContext, i, q + c) * at(in.values(), first + j, key + c);
                    dv[first + j][key + c] += p[j] * at(dContext, i, q + c);
                }
                mean += p[j] * dp[j];
            }
            for (int j = 0; j < n; j++) {
                double ds = p[j] * (dp[j] - mean) * shape.scale();
                for (int c = 0; c < e; c++) {
                    dq[i][q + c] += ds * at(in.keys(), first + j, key + c);
                    dk[first + j][key + c] += ds * at(in.queries(), i, q + c);
                }
            }
        }
    }

    // ---- output loss

    @ParameterizedTest
    @ValueSource(strings = {"reference", "vector", "onednn-f32", "onednn-bf16", "nd4j"})
    void crossEntropy_countedRows_isTheFormula(String name) {
        try (MatrixProducts products = open(name)) {
            Property.forAll(30, random -> lossIsTheFormula(products, random, tolerance(name)));
        }
    }

    private static void lossIsTheFormula(MatrixProducts products, SplittableRandom random, double tolerance) {
        int rows = random.nextInt(1, 30);
        int d = 32 * random.nextInt(1, 4);
        int v = random.nextInt(2, 700);
        // now and then logits of several hundred, where exp of a float overflows
        float size = random.nextInt(4) == 0 ? 100 : 1;
        float[] weights = Property.floats(random, v * d);
        for (int i = 0; i < weights.length; i++) {
            weights[i] *= size;
        }
        QuantizedMatrix output = Quantizer.matrix("output", QuantizationType.Q8_0, v, d, weights);
        double[][] w = values(Panel.of(Dequantizer.all(output), d), v, d);
        Panel hidden = random(random, rows, d);
        int[] counted = random.ints(rows, 0, rows).distinct().sorted().toArray();
        int[] targets = random.ints(counted.length, 0, v).toArray();
        float[] shares = Property.floats(random, counted.length);
        Panel gradient = random(random, rows, d);
        double[] losses = new double[counted.length];
        double sum =
                products.crossEntropy(new OutputLoss(output, hidden, rows, counted, targets, shares, gradient, losses));

        double[][] expected = new double[rows][d];
        double expectedSum = 0;
        for (int i = 0; i < counted.length; i++) {
            double[] logits = times(values(hidden, rows, d)[counted[i]], w, new double[v])[0];
            double highest = Arrays.stream(logits).max().orElseThrow();
            double total = Arrays.stream(logits).map(x -> Math.exp(x - highest)).sum();
            double loss = highest + Math.log(total) - logits[targets[i]];
            expectedSum += shares[i] * loss;
            double largest = Arrays.stream(logits).map(Math::abs).max().orElseThrow();
            assertThat(losses[i]).isBetween(loss - tolerance * (1 + largest), loss + tolerance * (1 + largest));
            for (int token = 0; token < v; token++) {
                double p = Math.exp(logits[token] - highest) / total - (token == targets[i] ? 1 : 0);
                for (int j = 0; j < d; j++) {
                    expected[counted[i]][j] += shares[i] * p * w[token][j];
                }
            }
        }
        if (size == 1) { // with steep logits the gradient magnifies their rounding
            assertClose("dh", gradient, expected, tolerance);
            assertThat(sum).isBetween(expectedSum - rows * tolerance * 10, expectedSum + rows * tolerance * 10);
        }
        double[] again = new double[counted.length];
        products.crossEntropy(new OutputLoss(output, hidden, rows, counted, targets, shares, null, again));
        assertThat(again).isEqualTo(losses);
    }

    @Test
    void outputLoss_rowsOrTargetsThatDoNotExist_areNamed() {
        QuantizedMatrix output = Quantizer.matrix("output", QuantizationType.F32, 5, 4, new float[20]);
        Panel hidden = Panel.of(new float[12], 4);
        assertThatThrownBy(() -> new OutputLoss(
                        output, hidden, 3, new int[] {3}, new int[] {0}, new float[1], null, new double[1]))
                .hasMessageContaining("counted row 0 is 3");
        assertThatThrownBy(() -> new OutputLoss(
                        output, hidden, 3, new int[] {1}, new int[] {5}, new float[1], null, new double[1]))
                .hasMessageContaining("target 5 of row 1");
    }
}
