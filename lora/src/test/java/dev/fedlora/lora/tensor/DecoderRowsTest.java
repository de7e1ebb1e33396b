package dev.fedlora.lora.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.testkit.Property;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class DecoderRowsTest {
    private static final PlainDecoderRows PLAIN = new PlainDecoderRows();
    // large, so that no random row is divided by less than 1/2: a small root magnifies roundings and curvature alike
    private static final float EPSILON = 0.25f;

    /** The specification and, where this JVM has the Vector API, its fast twin. */
    static Stream<DecoderMath> kernels() {
        return Stream.concat(Stream.of(PLAIN), IncubatorClasses.load("VectorDecoderRows", DecoderMath.class).stream());
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void rmsNorm_knownRow_isKnown(DecoderMath math) {
        float[] row = {3, -4, 0, 5, 1, 7}; // mean square 100/6
        float[] y = new float[6];
        RmsNorm norm = new RmsNorm(new float[] {1, 1, 1, 2, 1, 0}, (float) (50 / 3.0));
        math.rmsNorm(norm, Panel.of(row, 6), 1, Panel.of(y, 6));
        float inverse = (float) Math.sqrt(6 / 200.0);
        assertThat(y)
                .containsExactly(new float[] {3 * inverse, -4 * inverse, 0, 10 * inverse, inverse, 0}, within(1e-6f));
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void swiGlu_knownValues_areKnown(DecoderMath math) {
        float[] gate = {0, 1, -1, 40, -40, -1000, 1000};
        float[] up = {5, 2, 2, 1, 1, 1, 1};
        float[] y = new float[7];
        math.swiGlu(Panel.of(gate, 7), Panel.of(up, 7), 1, 7, Panel.of(y, 7));
        // x / (1 + e^-x) to 9 digits
        float[] expected = {0, 2 * 0.731058579f, -2 * 0.268941421f, 40, 0, 0, 1000};
        assertThat(y).containsExactly(expected, within(1e-6f));
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void rotate_quarterTurn_swapsThePairs(DecoderMath math) {
        float[] cos = {1, 1, 1, 1, 0, 0, 0, 0};
        float[] halvesSin = {0, 0, 0, 0, -1, -1, 1, 1};
        float[] neighbourSin = {0, 0, 0, 0, -1, 1, -1, 1};
        float[] x = {1, 2, 3, 4, 9, 1, 2, 3, 4, 9, 1, 2, 3, 4, 9};
        Rotation halves = new Rotation(true, 5, 4, cos, halvesSin);
        float[] turned = x.clone();
        math.rotate(halves, new int[] {0, 1, 1}, Panel.of(turned, 5), new DecoderMath.Turn(3, 1, false));
        assertThat(turned).containsExactly(1, 2, 3, 4, 9, -3, -4, 1, 2, 9, -3, -4, 1, 2, 9);
        Rotation neighbours = new Rotation(false, 5, 4, cos, neighbourSin);
        turned = x.clone();
        math.rotate(neighbours, new int[] {0, 1, 1}, Panel.of(turned, 5), new DecoderMath.Turn(3, 1, false));
        assertThat(turned).containsExactly(1, 2, 3, 4, 9, -2, 1, -4, 3, 9, -2, 1, -4, 3, 9);
    }

    /** Every kernel on the same random panels; returns what the panels' arrays hold afterwards. */
    private static float[][] everything(DecoderMath math, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int rows = random.nextInt(1, 6);
        int heads = random.nextInt(1, 4);
        int headWidth = random.nextInt(2, 50);
        int columns = heads * headWidth;
        int offset = random.nextInt(5);
        int stride = columns + random.nextInt(5);
        float[][] arrays = new float[14][];
        Panel[] p = new Panel[arrays.length];
        for (int i = 0; i < p.length; i++) {
            arrays[i] = Property.floats(random, offset + rows * stride);
            p[i] = new Panel(arrays[i], offset, stride);
        }
        RmsNorm norm = new RmsNorm(Property.floats(random, columns), EPSILON);
        math.rmsNorm(norm, p[0], rows, p[1]);
        math.rmsNormBackward(norm, p[0], rows, new DecoderMath.Gradients(p[2], p[2], false));
        math.rmsNormBackward(norm, p[0], rows, new DecoderMath.Gradients(p[3], p[4], true));
        math.swiGlu(p[5], p[6], rows, columns, p[7]);
        math.swiGluBackward(p[5], p[6], rows, columns, p[8]);
        int[] positions = random.ints(rows, 0, 7).toArray();
        for (boolean halves : new boolean[] {false, true}) {
            Rotation rotation = rotation(random, halves, headWidth, 7);
            math.rotate(rotation, positions, p[9], new DecoderMath.Turn(rows, heads, false));
            math.rotate(rotation, positions, p[10], new DecoderMath.Turn(rows, heads, true));
        }
        int keyHeads = heads == 2 ? 1 : heads;
        CachedAttention attention = new CachedAttention(p[11], p[12], rows, heads, keyHeads, headWidth, 0.3f);
        math.attend(attention, p[9], p[13], new float[rows]);
        return arrays;
    }

    private static Rotation rotation(SplittableRandom random, boolean halves, int headWidth, int positions) {
        int width = 2 * random.nextInt(1, headWidth / 2 + 1);
        float[] cos = new float[positions * width];
        float[] sin = new float[positions * width];
        for (int at = 0; at < cos.length; at += width) {
            for (int pair = 0; pair < width / 2; pair++) {
                double angle = random.nextDouble(6);
                int first = at + (halves ? pair : 2 * pair);
                int second = first + (halves ? width / 2 : 1);
                cos[first] = cos[second] = (float) Math.cos(angle);
                sin[second] = (float) Math.sin(angle);
                sin[first] = -sin[second];
            }
        }
        return new Rotation(halves, headWidth, width, cos, sin);
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
    void rmsNormBackward_anyRow_isTheSlopeOfForward(DecoderMath math) {
        Property.forAll(20, random -> {
            int n = random.nextInt(2, 40);
            RmsNorm norm = new RmsNorm(Property.floats(random, n), EPSILON);
            float[] x = Property.floats(random, n);
            float[] c = Property.floats(random, n);
            float[] gradient = c.clone();
            Panel in = Panel.of(gradient, n);
            math.rmsNormBackward(norm, Panel.of(x, n), 1, new DecoderMath.Gradients(in, in, false));
            for (int i = 0; i < n; i++) {
                double slope = (normLoss(math, norm, x, c, i, 0x1p-7f) - normLoss(math, norm, x, c, i, -0x1p-7f)) * 64;
                // step² / 6 times a third derivative below 100, and roundings of 2^-24 over the step
                assertThat((double) gradient[i]).isCloseTo(slope, within(1.5e-3));
            }
        });
    }

    private static double normLoss(DecoderMath math, RmsNorm norm, float[] x, float[] c, int at, float step) {
        float[] y = x.clone();
        y[at] += step;
        math.rmsNorm(norm, Panel.of(y, y.length), 1, Panel.of(y, y.length));
        return dot(y, c);
    }

    private static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void swiGluBackward_anyRow_isTheSlopeOfForward(DecoderMath math) {
        Property.forAll(20, random -> {
            int n = random.nextInt(2, 40);
            float[] gate = Property.floats(random, n);
            float[] up = Property.floats(random, n);
            float[] c = Property.floats(random, n);
            float[] gateSlope = gate.clone();
            float[] upSlope = up.clone();
            math.swiGluBackward(Panel.of(gateSlope, n), Panel.of(upSlope, n), 1, n, Panel.of(c, n));
            float step = 0x1p-7f;
            for (int i = 0; i < n; i++) {
                double byGate = (gated(gate[i] + step, up[i]) - gated(gate[i] - step, up[i])) / (2 * step) * c[i];
                double byUp = gated(gate[i], 1) * c[i];
                assertThat((double) gateSlope[i])
                        .isCloseTo(byGate, within(1e-4)); // step² / 6, and the slope's own size
                assertThat((double) upSlope[i]).isCloseTo(byUp, within(1e-6));
            }
        });
    }

    private static double gated(double gate, double up) {
        return gate / (1 + Math.exp(-gate)) * up;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void rotateBackward_anyRows_undoesTheTurn(boolean halves) {
        Property.forAll(20, random -> {
            int headWidth = random.nextInt(2, 70);
            Rotation rotation = rotation(random, halves, headWidth, 4);
            float[] x = Property.floats(random, 3 * 2 * headWidth);
            float[] turned = x.clone();
            int[] positions = {3, 0, 2};
            RowKernels.rotate(rotation, positions, Panel.of(turned, 2 * headWidth), 3, 2);
            RowKernels.rotateBackward(rotation, positions, Panel.of(turned, 2 * headWidth), 3, 2);
            assertThat(turned).containsExactly(x, within(1e-6f));
        });
    }

    @Test
    void attend_lastRow_isThatOfCausalAttention() {
        SplittableRandom random = new SplittableRandom(3);
        int rows = 9;
        float[] q = Property.floats(random, rows * 12);
        float[] k = Property.floats(random, rows * 6);
        float[] v = Property.floats(random, rows * 6);
        float[] whole = new float[rows * 12];
        AttentionShape shape = new AttentionShape(new int[] {0, rows}, 4, 2, 3, true, 0.5f);
        try (MatrixProducts products = new ReferenceBackend().open()) {
            products.attention(
                    shape,
                    new AttentionShape.Operands(Panel.of(q, 12), Panel.of(k, 6), Panel.of(v, 6)),
                    Panel.of(whole, 12));
        }
        float[] last = new float[12];
        CachedAttention cached = new CachedAttention(Panel.of(k, 6), Panel.of(v, 6), rows, 4, 2, 3, 0.5f);
        RowKernels.attend(cached, Panel.of(q, 12).from(rows - 1), Panel.of(last, 12), new float[rows]);
        assertThat(last).containsExactly(Arrays.copyOfRange(whole, (rows - 1) * 12, rows * 12), within(1e-6f));
    }

    @Test
    void anyKernel_badArguments_areRefusedByName() {
        Rotation rotation = new Rotation(true, 4, 4, new float[8], new float[8]);
        Panel x = Panel.of(new float[8], 4);
        assertThatThrownBy(() -> RowKernels.rotate(rotation, new int[] {0, 2}, x, 2, 1))
                .hasMessage("row 1 has position 2, the rotary tables have 0..1");
        assertThatThrownBy(() -> RowKernels.rotate(rotation, new int[] {0, 1}, x, 2, 2))
                .hasMessageContaining("x of rotary positions");
        assertThatThrownBy(() -> new Rotation(true, 4, 6, new float[6], new float[6]))
                .hasMessageContaining("a head's 4 values, got 6");
        assertThatThrownBy(() -> new Rotation(true, 4, 4, new float[6], new float[6]))
                .hasMessageContaining("whole rows");
        assertThatThrownBy(() -> RowKernels.rmsNorm(new RmsNorm(new float[5], 0), x, 2, x))
                .hasMessageContaining("x of RMS norm");
        assertThatThrownBy(() -> new RmsNorm(new float[1], -1)).hasMessageContaining("got -1");
        assertThatThrownBy(() -> RowKernels.swiGlu(x, x, 3, 4, x)).hasMessageContaining("gate of SwiGLU");
        assertThatThrownBy(() -> new CachedAttention(x, x, 2, 3, 2, 2, 1)).hasMessageContaining("3 heads");
        CachedAttention attention = new CachedAttention(x, x, 2, 2, 1, 2, 1);
        assertThatThrownBy(() -> RowKernels.attend(attention, x, x, new float[1]))
                .hasMessage("2 positions got scratch for 1 scores");
    }
}
