package dev.fedlora.lora.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.testkit.Property;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RowKernelsTest {
    private static final PlainRows PLAIN = new PlainRows();
    // large, so that no random row divides by less than 1/2: a small deviation magnifies roundings and curvature alike
    private static final float EPSILON = 0.25f;

    /** The specification and, where this JVM has the Vector API, its fast twin. */
    static Stream<RowMath> kernels() {
        return Stream.concat(Stream.of(PLAIN), IncubatorClasses.load("VectorRows", RowMath.class).stream());
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void softmax_knownRow_isKnown(RowMath math) {
        float[] row = {0, (float) Math.log(2), Float.NEGATIVE_INFINITY, (float) Math.log(5)};
        math.softmax(Panel.of(row, 4), 1, 4);
        assertThat(row).containsExactly(new float[] {0.125f, 0.25f, 0, 0.625f}, within(1e-7f));
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void gelu_knownValues_areKnown(RowMath math) {
        // x Φ(x), Φ from tables of the normal distribution (15 digits)
        double[] x = {0, 1, -1, 2, -3, 0.5, -0.5, 6, -6};
        double[] y = {
            0,
            0.841344746068543,
            -0.158655253931457,
            1.954499736103642,
            -0.004049694095,
            0.345731230637000,
            -0.154268769363000,
            5.999999994080,
            -5.920e-9
        };
        float[] values = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            values[i] = (float) x[i];
        }
        math.gelu(Panel.of(values, x.length), 1, x.length, Panel.of(values, x.length));
        for (int i = 0; i < x.length; i++) {
            assertThat((double) values[i]).as("gelu(%s)", x[i]).isCloseTo(y[i], within(1e-6));
        }
    }

    @Test
    void erfc_acrossBothFormulas_isTheTabulatedValue() {
        double[] z = {0, 0.5, 1, 2, 2.499999, 2.5, 3, 5};
        double[] expected = {
            1,
            0.479500122186953,
            0.157299207050285,
            0.004677734981047,
            4.069541953e-4,
            4.069520174450e-4,
            2.209049699859e-5,
            1.537459794428e-12
        };
        for (int i = 0; i < z.length; i++) {
            double tolerance = Math.max(1e-13, expected[i] * (i == 4 ? 1e-8 : 1e-12)); // digits of the table
            assertThat(PlainRows.erfc(z[i])).as("erfc(%s)", z[i]).isCloseTo(expected[i], within(tolerance));
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void gelu_wholeRange_isWithinOneMillionthOfThePlainOne(RowMath math) {
        int count = 20_003;
        float[] x = new float[count];
        for (int i = 0; i < count; i++) {
            x[i] = -10 + 20f * i / count;
        }
        float[] exact = new float[count];
        float[] got = new float[count];
        PLAIN.gelu(Panel.of(x, count), 1, count, Panel.of(exact, count));
        math.gelu(Panel.of(x, count), 1, count, Panel.of(got, count));
        assertThat(got).containsExactly(exact, within(1e-6f));
        Arrays.fill(exact, 1);
        Arrays.fill(got, 1);
        PLAIN.geluBackward(Panel.of(x, count), 1, count, Panel.of(exact, count));
        math.geluBackward(Panel.of(x, count), 1, count, Panel.of(got, count));
        assertThat(got).containsExactly(exact, within(1e-6f));
    }

    /** A loss over the result, its gradient by {@code backward} against central differences. */
    private static void assertSlope(SplittableRandom random, int n, Consumer<Panel> forward, Gradient backward) {
        float[] x = Property.floats(random, n);
        float[] c = Property.floats(random, n);
        float[] y = x.clone();
        forward.accept(Panel.of(y, n));
        float[] gradient = c.clone();
        backward.apply(Panel.of(x, n), Panel.of(y, n), Panel.of(gradient, n));
        float step = 0x1p-7f;
        for (int i = 0; i < n; i++) {
            double slope = (loss(x, c, i, step, forward) - loss(x, c, i, -step, forward)) / (2 * step);
            // step² / 6 times a third derivative below 100, and roundings of 2^-24 over the step
            assertThat((double) gradient[i]).isCloseTo(slope, within(1.5e-3));
        }
    }

    private static double loss(float[] x, float[] c, int at, float step, Consumer<Panel> forward) {
        float[] y = x.clone();
        y[at] += step;
        forward.accept(Panel.of(y, y.length));
        double loss = 0;
        for (int i = 0; i < y.length; i++) {
            loss += (double) y[i] * c[i];
        }
        return loss;
    }

    private interface Gradient {
        void apply(Panel x, Panel y, Panel gradient);
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void backward_ofEach_isTheSlopeOfForward(RowMath math) {
        Property.forAll(20, random -> {
            int n = random.nextInt(5, 40);
            LayerNorm norm = new LayerNorm(Property.floats(random, n), Property.floats(random, n), EPSILON);
            assertSlope(
                    random, n, p -> math.softmax(p, 1, n), (x, y, gradient) -> math.softmaxBackward(y, 1, n, gradient));
            assertSlope(random, n, p -> math.gelu(p, 1, n, p), (x, y, g) -> math.geluBackward(x, 1, n, g));
            assertSlope(
                    random, n, p -> math.layerNorm(norm, p, 1, p), (x, y, g) -> math.layerNormBackward(norm, x, 1, g));
        });
    }

    /** Every kernel on the same random panels; returns what the panels' arrays hold afterwards. */
    private static float[][] everything(RowMath math, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int rows = random.nextInt(1, 6);
        int columns = random.nextInt(1, 90);
        int offset = random.nextInt(5);
        int stride = columns + random.nextInt(5);
        float[][] arrays = new float[9][];
        for (int i = 0; i < arrays.length; i++) {
            arrays[i] = Property.floats(random, offset + rows * stride);
        }
        Panel[] p = new Panel[arrays.length];
        for (int i = 0; i < p.length; i++) {
            p[i] = new Panel(arrays[i], offset, stride);
        }
        LayerNorm norm = new LayerNorm(Property.floats(random, columns), Property.floats(random, columns), EPSILON);
        math.softmax(p[0], rows, columns);
        math.softmaxBackward(p[0], rows, columns, p[1]);
        math.layerNorm(norm, p[2], rows, p[3]);
        math.layerNormBackward(norm, p[2], rows, p[4]);
        math.gelu(p[5], rows, columns, p[6]);
        math.geluBackward(p[5], rows, columns, p[7]);
        math.axpy(0.3f, p[5], rows, columns, p[8]);
        math.addRow(norm.bias(), p[8], rows);
        math.scale(-1.5f, p[8], rows, columns);
        return arrays;
    }

    @Test
    void vector_anyShape_agreesWithPlainAndLeavesTheRestAlone() {
        Property.forAll(300, random -> {
            long seed = random.nextLong();
            float[][] exact = everything(PLAIN, seed);
            kernels().forEach(math -> {
                float[][] got = everything(math, seed);
                for (int i = 0; i < exact.length; i++) {
                    // a dozen float roundings of 6e-8 each, on the way to values of this size
                    float largest = 1;
                    for (float value : exact[i]) {
                        largest = Math.max(largest, Math.abs(value));
                    }
                    assertThat(got[i]).as("array %d", i).containsExactly(exact[i], within(4e-6f * largest));
                }
            });
        });
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void gelu_sameValueAnywhere_givesTheSameBits(RowMath math) {
        float[] values = new float[77];
        Arrays.fill(values, -0.7310585f);
        math.gelu(Panel.of(values, 77), 1, 77, Panel.of(values, 77));
        for (float value : values) {
            assertThat(value).isEqualTo(values[0]);
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void dot_valuesOfVeryDifferentSize_isSummedInDouble(RowMath math) {
        int n = 1001;
        float[] x = new float[n];
        Arrays.fill(x, 1e-4f);
        x[500] = 1e4f;
        double expected = 1e8 + 1000 * (double) 1e-4f * 1e-4f; // float would lose the small ones: 1e8 has steps of 8
        assertThat(math.dot(Panel.of(x, n), Panel.of(x, n), 1, n))
                .isCloseTo(expected, within(8e-6)); // 1000 roundings of 7.5e-9
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void adamW_threeSteps_followTheDefinition(RowMath math) {
        int n = 37;
        SplittableRandom random = new SplittableRandom(7);
        float[] p = Property.floats(random, n);
        double[] expected = new double[n];
        double[] m = new double[n];
        double[] v = new double[n];
        for (int i = 0; i < n; i++) {
            expected[i] = p[i];
        }
        float[] first = new float[n];
        float[] second = new float[n];
        for (int t = 1; t <= 3; t++) {
            float[] g = Property.floats(random, n);
            math.adamW(new AdamWStep(0.01, 0.9, 0.999, 1e-8, 0.1, t), p, g, first, second);
            for (int i = 0; i < n; i++) {
                m[i] = 0.9 * m[i] + 0.1 * g[i];
                v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
                expected[i] -= 0.01 * 0.1 * expected[i];
                expected[i] -=
                        0.01 * (m[i] / (1 - Math.pow(0.9, t))) / (Math.sqrt(v[i] / (1 - Math.pow(0.999, t))) + 1e-8);
            }
        }
        for (int i = 0; i < n; i++) {
            assertThat((double) p[i]).isCloseTo(expected[i], within(5e-7)); // a few roundings of values below 1
        }
    }

    @Test
    void adamW_badArguments_areNamedAndNothingChanges() {
        float[] p = {1, 2};
        AdamWStep step = new AdamWStep(0.1, 0.9, 0.999, 1e-8, 0, 1);
        assertThatThrownBy(() -> RowKernels.adamW(step, p, new float[3], new float[2], new float[2]))
                .hasMessage("AdamW over 2 parameters got 3 gradients and moments of 2 and 2");
        assertThat(p).containsExactly(1, 2);
        assertThatThrownBy(() -> new AdamWStep(Double.NaN, 0.9, 0.999, 1e-8, 0, 1))
                .hasMessage("learning rate of AdamW must be at least 0, got NaN");
        assertThatThrownBy(() -> new AdamWStep(0.1, 1, 0.999, 1e-8, 0, 1)).hasMessageContaining("beta1");
        assertThatThrownBy(() -> new AdamWStep(0.1, 0.9, 0.999, 1e-8, 0, 0)).hasMessageContaining("step");
    }

    @Test
    void anyKernel_panelOutsideItsArray_isRefusedByName() {
        assertThatThrownBy(() -> RowKernels.softmax(new Panel(new float[10], 1, 5), 2, 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("x of softmax: 2 x 5 values at offset 1 with stride 5 do not fit an array of 10");
        assertThatThrownBy(() -> RowKernels.addRow(new float[3], new Panel(new float[10], 0, 2), 2))
                .hasMessageContaining("y of addRow");
        assertThatThrownBy(() -> new LayerNorm(new float[3], new float[2], 0)).hasMessageContaining("3 and 2");
    }
}
