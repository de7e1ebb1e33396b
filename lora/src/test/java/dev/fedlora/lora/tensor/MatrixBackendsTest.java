package dev.fedlora.lora.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.quant.Dequantizer;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.quant.Quantizer;
import dev.fedlora.testkit.Property;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every back end against the reference, element by element, with the error bound of its own arithmetic. */
class MatrixBackendsTest {
    private static final QuantizationType[] TYPES = {
        QuantizationType.F32, QuantizationType.F16, QuantizationType.Q8_0, QuantizationType.Q4_0
    };

    /** Returns the back end, or skips the test with the reason why it cannot run here. */
    private static MatrixBackend backend(String name) {
        try {
            return MatrixBackends.select(name);
        } catch (IllegalStateException missing) {
            System.err.println("skipped: " + missing.getMessage());
            return Assumptions.abort("skipped: " + missing.getMessage());
        }
    }

    /**
     * Relative to the sum of the products' magnitudes: a sum of k products in binary32, in whatever order, is off by at
     * most k + 2 roundings of 2^-24 (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1; two more for
     * the scale and for adding to what is there); where both factors are first rounded to bfloat16 (8 significant bits), by 2^-8 each more.
     */
    private static double bound(String backend, int k) {
        return (k + 4) * 0x1p-24 + (backend.endsWith("bf16") ? 2.01 * 0x1p-8 : 0);
    }

    /** A product with random operands, and the same with the magnitudes of all operands. */
    private record Case(SplittableRandom random, QuantizedMatrix weight, Panel x, Panel y, int rows, boolean adds) {
        static Case of(SplittableRandom random, QuantizationType type, int rows, int n, int k, boolean backward) {
            QuantizedMatrix weight = Quantizer.matrix("w", type, n, k, Property.floats(random, n * k));
            Panel x = panel(random, rows, backward ? n : k);
            Panel y = panel(random, rows, backward ? k : n);
            return new Case(random, weight, x, y, rows, random.nextBoolean());
        }
    }

    private static Panel panel(SplittableRandom random, int rows, int columns) {
        int offset = random.nextInt(4);
        int stride = columns + random.nextInt(4);
        return new Panel(Property.floats(random, offset + rows * stride + random.nextInt(3)), offset, stride);
    }

    private static Panel copy(Panel panel) {
        return new Panel(panel.values().clone(), panel.offset(), panel.stride());
    }

    private static Panel magnitudes(Panel panel) {
        Panel copy = copy(panel);
        for (int i = 0; i < copy.values().length; i++) {
            copy.values()[i] = Math.abs(copy.values()[i]);
        }
        return copy;
    }

    private static QuantizedMatrix magnitudes(QuantizedMatrix weight) {
        float[] values = Dequantizer.all(weight);
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.abs(values[i]);
        }
        return Quantizer.matrix("|w|", QuantizationType.F32, weight.rows(), weight.columns(), values);
    }

    private static void assertClose(Panel got, Panel expected, Panel size, double bound) {
        for (int i = 0; i < got.values().length; i++) {
            double error = Math.abs((double) got.values()[i] - expected.values()[i]);
            // outside the panel size and result are untouched and equal, so a stray write is found too
            if (!(error <= bound * Math.abs(size.values()[i]))) {
                throw new AssertionError("value %d: got %s, expected %s, allowed %s"
                        .formatted(i, got.values()[i], expected.values()[i], bound * size.values()[i]));
            }
        }
    }

    private static void assertForward(MatrixBackend backend, Case c) {
        Panel got = copy(c.y);
        Panel expected = copy(c.y);
        Panel size = magnitudes(c.y);
        try (MatrixProducts products = backend.open();
                MatrixProducts reference = MatrixBackends.select("reference").open()) {
            products.forward(c.weight, c.x, c.rows, got, c.adds);
            reference.forward(c.weight, c.x, c.rows, expected, c.adds);
            reference.forward(magnitudes(c.weight), magnitudes(c.x), c.rows, size, c.adds);
        }
        assertClose(got, expected, size, bound(backend.name(), c.weight.columns()));
    }

    private static void assertBackward(MatrixBackend backend, Case c) {
        Panel got = copy(c.y);
        Panel expected = copy(c.y);
        Panel size = magnitudes(c.y);
        try (MatrixProducts products = backend.open();
                MatrixProducts reference = MatrixBackends.select("reference").open()) {
            products.backward(c.weight, c.x, c.rows, got, c.adds);
            reference.backward(c.weight, c.x, c.rows, expected, c.adds);
            reference.backward(magnitudes(c.weight), magnitudes(c.x), c.rows, size, c.adds);
        }
        assertClose(got, expected, size, bound(backend.name(), c.weight.rows()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"vector", "onednn-f32", "onednn-bf16", "nd4j"})
    void forward_awkwardShapes_isTheReference(String name) {
        MatrixBackend backend = backend(name);
        Property.forAll(60, random -> {
            QuantizationType type = TYPES[random.nextInt(TYPES.length)];
            int k = type.blockSize() == 1 ? random.nextInt(1, 130) : 32 * random.nextInt(1, 5);
            assertForward(backend, Case.of(random, type, random.nextInt(1, 20), random.nextInt(1, 110), k, false));
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"vector", "onednn-f32", "onednn-bf16", "nd4j"})
    void backward_awkwardShapes_isTheReference(String name) {
        MatrixBackend backend = backend(name);
        Property.forAll(60, random -> {
            QuantizationType type = TYPES[random.nextInt(TYPES.length)];
            int k = type.blockSize() == 1 ? random.nextInt(1, 130) : 32 * random.nextInt(1, 5);
            assertBackward(backend, Case.of(random, type, random.nextInt(1, 20), random.nextInt(1, 110), k, true));
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"vector", "onednn-f32", "onednn-bf16", "nd4j"})
    void bothWays_moreThanOneTile_isTheReference(String name) {
        MatrixBackend backend = backend(name);
        Property.forAll(2, random -> {
            QuantizationType type = TYPES[random.nextInt(TYPES.length)];
            assertForward(backend, Case.of(random, type, 13, 150, 1120, false));
            assertBackward(backend, Case.of(random, type, 13, 530, 800, true));
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"vector", "onednn-f32", "onednn-bf16", "nd4j"})
    void multiply_anyShapeAndTransposition_isTheReference(String name) {
        MatrixBackend backend = backend(name);
        Property.forAll(200, random -> {
            int m = random.nextInt(1, 70);
            int n = random.nextInt(1, 70);
            int k = random.nextInt(20) == 0 ? 700 : random.nextInt(1, 70);
            boolean ta = random.nextBoolean();
            boolean tb = random.nextBoolean();
            float scale = random.nextBoolean() ? 1 : 0.3f;
            MatrixProducts.Shape shape = new MatrixProducts.Shape(m, n, k, ta, tb, scale, random.nextBoolean());
            Panel a = ta ? panel(random, k, m) : panel(random, m, k);
            Panel b = tb ? panel(random, n, k) : panel(random, k, n);
            Panel c = panel(random, m, n);
            Panel got = copy(c);
            Panel expected = copy(c);
            Panel size = magnitudes(c);
            try (MatrixProducts products = backend.open();
                    MatrixProducts reference =
                            MatrixBackends.select("reference").open()) {
                products.multiply(shape, a, b, got);
                reference.multiply(shape, a, b, expected);
                reference.multiply(shape, magnitudes(a), magnitudes(b), size);
            }
            assertClose(got, expected, size, bound("float", k)); // dense products are never rounded to bfloat16
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference", "vector", "onednn-f32", "onednn-bf16", "nd4j"})
    void forward_otherInstanceOtherThreadOtherNeighbours_givesTheSameBits(String name) {
        MatrixBackend backend = backend(name);
        SplittableRandom random = new SplittableRandom(3);
        QuantizedMatrix weight = Quantizer.matrix("w", QuantizationType.Q8_0, 70, 96, Property.floats(random, 70 * 96));
        float[] x = Property.floats(random, 21 * 96);
        float[] first = forward(backend, weight, x, 21);
        float[] second = CompletableFuture.supplyAsync(() -> forward(backend, weight, x, 21))
                .join();
        assertThat(second).isEqualTo(first);
    }

    /** Batches may be cut anywhere: no row's result depends on the rows beside it. oneDNN promises no such thing. */
    @ParameterizedTest
    @ValueSource(strings = {"reference", "vector"})
    void forward_eachRowAlone_givesTheSameBits(String name) {
        MatrixBackend backend = backend(name);
        SplittableRandom random = new SplittableRandom(4);
        QuantizedMatrix weight =
                Quantizer.matrix("w", QuantizationType.Q4_0, 70, 640, Property.floats(random, 70 * 640));
        float[] x = Property.floats(random, 13 * 640);
        float[] together = forward(backend, weight, x, 13);
        for (int row = 0; row < 13; row++) {
            float[] alone = forward(backend, weight, Arrays.copyOfRange(x, row * 640, (row + 1) * 640), 1);
            assertThat(alone).isEqualTo(Arrays.copyOfRange(together, row * 70, (row + 1) * 70));
        }
    }

    private static float[] forward(MatrixBackend backend, QuantizedMatrix weight, float[] x, int rows) {
        float[] y = new float[rows * weight.rows()];
        try (MatrixProducts products = backend.open()) {
            // scratch used before must leave no trace
            products.multiply(
                    new MatrixProducts.Shape(9, 9, 9, true, true, 3, false),
                    Panel.of(x, 9),
                    Panel.of(x, 9),
                    Panel.of(new float[81], 9));
            products.forward(weight, Panel.of(x, weight.columns()), rows, Panel.of(y, weight.rows()), false);
        }
        return y;
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference", "vector", "onednn-f32", "onednn-bf16", "nd4j"})
    void anyProduct_panelTooSmall_isRefusedByNameAndNothingChanges(String name) {
        QuantizedMatrix weight = Quantizer.matrix("blk.0.attn_q.weight", QuantizationType.F32, 3, 4, new float[12]);
        float[] y = {7, 7, 7, 7, 7};
        try (MatrixProducts products = backend(name).open()) {
            assertThatThrownBy(() -> products.forward(weight, Panel.of(new float[8], 4), 2, Panel.of(y, 3), false))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "y of blk.0.attn_q.weight: 2 x 3 values at offset 0 with stride 3 do not fit an array of 5");
            assertThatThrownBy(() -> products.backward(weight, Panel.of(y, 3), 2, Panel.of(new float[8], 4), false))
                    .hasMessageContaining("dy of blk.0.attn_q.weight");
            MatrixProducts.Shape shape = new MatrixProducts.Shape(2, 3, 3, false, false, 1, false);
            assertThatThrownBy(
                            () -> products.multiply(shape, Panel.of(y, 3), Panel.of(new float[9], 3), Panel.of(y, 3)))
                    .hasMessageContaining("a: 2 x 3 values");
        }
        assertThat(y).containsOnly(7);
    }

    @Test
    void select_auto_isSomethingFastAndStaysTheSame() {
        MatrixBackend chosen = MatrixBackends.select("auto");
        assertThat(chosen.name()).isIn("vector", "onednn-f32", "onednn-bf16");
        assertThat(MatrixBackends.select("auto")).isSameAs(chosen);
    }

    @Test
    void names_everyOne_isTheNameOfItsBackend() {
        for (String name : MatrixBackends.names()) {
            if (!name.equals("auto") && !name.equals("nd4j-cuda")) {
                assertThat(backend(name).name()).isEqualTo(name);
            }
        }
    }

    @Test
    void select_cudaWithoutACard_saysWhatItTakes() {
        backend("nd4j");
        assertThatThrownBy(() -> MatrixBackends.select("nd4j-cuda"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("CpuBackend")
                .hasMessageContaining("org.nd4j:nd4j-cuda-11.6");
    }

    @Test
    void cudaProducts_onND4JsOwnArrays_areTheReference() {
        backend("nd4j");
        MatrixBackend cuda = new MatrixBackend() {
            @Override
            public String name() {
                return "nd4j-cuda";
            }

            @Override
            public MatrixProducts open() {
                return new Nd4jCudaBackend.Products();
            }
        };
        Property.forAll(20, random -> {
            QuantizationType type = TYPES[random.nextInt(TYPES.length)];
            int k = type.blockSize() == 1 ? random.nextInt(1, 130) : 32 * random.nextInt(1, 5);
            int rows = random.nextInt(1, 20);
            int n = random.nextInt(1, 110);
            assertForward(cuda, Case.of(random, type, rows, n, k, false));
            assertBackward(cuda, Case.of(random, type, rows, n, k, true));
        });
    }

    @Test
    void select_unknownName_namesWhatIsKnown() {
        assertThatThrownBy(() -> MatrixBackends.select("cuda"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'cuda'")
                .hasMessageContaining("reference")
                .hasMessageContaining("vector");
    }
}
