package dev.fedlora.lora.quant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.lora.testing.Ggml;
import dev.fedlora.testkit.Property;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every type that can be read, against ggml's compiled code. */
class GgmlDequantizerTest {
    static Stream<QuantizationType> types() {
        return Stream.of(QuantizationType.values()).filter(type -> type.isComputable() && type != QuantizationType.F32);
    }

    /** Random bytes are hostile blocks too: one scale in 32 is infinite or not a number. */
    @ParameterizedTest
    @MethodSource("types")
    void all_anyBytes_areGgmlsNumbersToTheBit(QuantizationType type) {
        Ggml ggml = Ggml.load();
        Property.forAll(200, random -> {
            byte[] blocks = new byte[type.blockBytes() * random.nextInt(1, 40)];
            random.nextBytes(blocks);
            assertSame(ggml, type, blocks);
        });
    }

    @ParameterizedTest
    @MethodSource("types")
    void all_bytesOfOneValue_areGgmlsNumbersToTheBit(QuantizationType type) {
        Ggml ggml = Ggml.load();
        SplittableRandom random = new SplittableRandom(1);
        for (int value = 0; value < 256; value++) {
            byte[] blocks = new byte[type.blockBytes() * 2];
            Arrays.fill(blocks, (byte) value);
            blocks[random.nextInt(blocks.length)] = (byte) random.nextInt();
            assertSame(ggml, type, blocks);
        }
    }

    private static void assertSame(Ggml ggml, QuantizationType type, byte[] blocks) {
        float[] expected = ggml.dequantize(type, blocks);
        float[] values = Dequantizer.all(new QuantizedMatrix("w", type, 1, expected.length, ByteBuffer.wrap(blocks)));
        for (int i = 0; i < expected.length; i++) {
            // floatToIntBits, not Raw: which of the bit patterns of NaN an operation gives is the processor's affair
            assertThat(Float.floatToIntBits(values[i]))
                    .as("%s value %d: %s, ggml has %s", type, i, values[i], expected[i])
                    .isEqualTo(Float.floatToIntBits(expected[i]));
        }
    }
}
