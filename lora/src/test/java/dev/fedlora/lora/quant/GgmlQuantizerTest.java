package dev.fedlora.lora.quant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.lora.testing.Ggml;
import dev.fedlora.testkit.Property;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every type that can be written, against ggml's compiled code. */
class GgmlQuantizerTest {
    static Stream<QuantizationType> types() {
        return Quantizer.writable().stream().filter(type -> type != QuantizationType.F32);
    }

    @ParameterizedTest
    @MethodSource("types")
    void quantize_normalValues_givesGgmlsBytes(QuantizationType type) {
        Ggml ggml = Ggml.load();
        Property.forAll(300, random -> {
            float[] values = new float[type.blockSize() * random.nextInt(1, 9)];
            double spread = Math.pow(10, random.nextInt(-8, 3));
            double mean = random.nextInt(3) * spread;
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (mean + spread * gaussian(random));
            }
            assertSame(ggml, type, values);
        });
    }

    /** Blocks that trained weights seldom have: zeros of both signs, ties, one sign, outliers, very small values. */
    @ParameterizedTest
    @MethodSource("types")
    void quantize_awkwardValues_givesGgmlsBytes(QuantizationType type) {
        Ggml ggml = Ggml.load();
        Property.forAll(300, random -> {
            float[] values = new float[type.blockSize() * random.nextInt(1, 9)];
            int kind = random.nextInt(6);
            for (int i = 0; i < values.length; i++) {
                values[i] = awkward(kind, random);
            }
            assertSame(ggml, type, values);
        });
    }

    private static void assertSame(Ggml ggml, QuantizationType type, float[] values) {
        byte[] expected = ggml.quantize(type, values);
        assertThat(Arrays.mismatch(Quantizer.quantize(type, values), expected))
                .as("the first byte that differs, of %d", expected.length)
                .isEqualTo(-1);
    }

    private static float awkward(int kind, SplittableRandom random) {
        return switch (kind) {
            case 0 -> random.nextBoolean() ? 0f : -0f;
            case 1 -> random.nextInt(-16, 17) / 16f;
            case 2 -> random.nextInt(20) == 0 ? 30_000f : random.nextInt(-3, 4) * 1e-3f;
            case 3 -> (float) (1 + random.nextDouble());
            case 4 -> -0.5f;
            default -> random.nextInt(4) == 0 ? random.nextInt(-9, 10) * 1e-17f : 0f;
        };
    }

    // Box and Muller
    private static double gaussian(SplittableRandom random) {
        return Math.sqrt(-2 * Math.log(1 - random.nextDouble())) * Math.cos(2 * Math.PI * random.nextDouble());
    }
}
