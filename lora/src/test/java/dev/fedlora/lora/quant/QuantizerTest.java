package dev.fedlora.lora.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufTensor;
import dev.fedlora.testkit.Property;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class QuantizerTest {
    @ParameterizedTest
    @EnumSource(
            value = QuantizationType.class,
            names = {"F16", "Q8_0", "Q4_0"})
    void quantize_trainedModel_givesTheBytesOfLlamaCpp(QuantizationType type) throws IOException {
        GgufFile full = GgufFile.open(Shared.path("models/stories260K-f32.gguf"));
        GgufFile stored = GgufFile.open(Shared.path("models/stories260K-" + type + ".gguf"));
        int compared = 0;
        for (GgufTensor tensor : stored.tensors()) {
            if (tensor.type() == type) {
                QuantizedMatrix golden = stored.matrix(tensor.name());
                byte[] ours = Quantizer.quantize(type, Dequantizer.all(full.matrix(golden.name())));
                assertThat(ByteBuffer.wrap(ours)).as(golden.name()).isEqualTo(golden.blocks());
                compared++;
            }
        }
        assertThat(compared).isGreaterThan(30); // 5 blocks of 7 linear layers
    }

    @Test
    void quantize_anyBlock_isWithinHalfAStep() {
        Property.forAll(200, random -> {
            float[] values = Property.floats(random, 32 * (1 + random.nextInt(4)));
            for (int i = 0; i < values.length; i++) {
                values[i] *= (float) Math.pow(10, random.nextInt(-3, 3));
            }
            // half a step of Q8_0 and a whole of Q4_0 (its far end is cut at 15), each with the rounding of d to
            // 11 bits, relative 2^-11 on up to 127 or 8 steps
            assertWithin(values, QuantizationType.Q8_0, (0.5 + 127 * 0x1p-11) / 127);
            assertWithin(values, QuantizationType.Q4_0, (1 + 8 * 0x1p-11) / 8);
        });
    }

    private static void assertWithin(float[] values, QuantizationType type, double steps) {
        float[] back = Dequantizer.all(Quantizer.matrix("w", type, 1, values.length, values));
        for (int start = 0; start < values.length; start += 32) {
            double largest = 0;
            for (int i = start; i < start + 32; i++) {
                largest = Math.max(largest, Math.abs(values[i]));
            }
            for (int i = start; i < start + 32; i++) {
                // 2^-25: half a step of d where d is subnormal
                assertThat(Math.abs(back[i] - values[i]))
                        .isLessThanOrEqualTo((float) (largest * steps * 1.0001 + 127 * 0x1p-25));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = QuantizationType.class,
            names = {"F32", "F16", "Q8_0", "Q4_0"})
    void quantize_zeros_comeBackAsZeros(QuantizationType type) {
        for (float value : Dequantizer.all(Quantizer.matrix("w", type, 2, 32, new float[64]))) {
            assertThat(value + 0f).isZero(); // Q4_0 gives -0, as ggml does: d is 0 / -8
        }
    }

    @Test
    void matrix_badValues_areNamed() {
        float[] values = new float[64];
        values[40] = Float.NaN;
        assertThatThrownBy(() -> Quantizer.matrix("blk.0.attn_q.weight", QuantizationType.Q8_0, 2, 32, values))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("blk.0.attn_q.weight: value 40 is NaN, only finite values can be stored");
        values[40] = 1e6f;
        assertThatThrownBy(() -> Quantizer.matrix("w", QuantizationType.F16, 2, 32, values))
                .hasMessageContaining("F16 ends at 65504");
        assertThatThrownBy(() -> Quantizer.matrix("w", QuantizationType.Q4_0, 2, 33, new float[66]))
                .hasMessageContaining("w: 66 values cannot be stored as 2 x 33 in Q4_0, blocks hold 32 values");
        assertThatThrownBy(() -> Quantizer.quantize(QuantizationType.Q4_0, new float[31]))
                .hasMessageContaining("blocks of 32 values, got 31");
    }
}
