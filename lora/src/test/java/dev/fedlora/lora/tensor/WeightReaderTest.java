package dev.fedlora.lora.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.lora.quant.Dequantizer;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.quant.Quantizer;
import dev.fedlora.testkit.Property;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class WeightReaderTest {
    static Stream<WeightReader> readers() {
        return Stream.concat(
                Stream.of(new PlainWeights()), IncubatorClasses.load("VectorWeights", WeightReader.class).stream());
    }

    @ParameterizedTest
    @MethodSource("readers")
    void read_anyRun_isThatPartOfTheRowToTheBit(WeightReader reader) {
        Property.forAll(200, random -> {
            QuantizationType[] types = {
                QuantizationType.F32, QuantizationType.F16, QuantizationType.Q8_0, QuantizationType.Q4_0
            };
            QuantizationType type = types[random.nextInt(types.length)];
            int step = type.blockSize();
            int columns = step * random.nextInt(1, step == 1 ? 100 : 5);
            QuantizedMatrix weight = Quantizer.matrix("w", type, 3, columns, Property.floats(random, 3 * columns));
            int first = step * random.nextInt(columns / step);
            int count = step * random.nextInt(1, (columns - first) / step + 1);
            WeightReader.Run run = new WeightReader.Run(weight, random.nextInt(3), first, count);
            int from = run.row() * columns + first;
            float[] expected = Arrays.copyOfRange(Dequantizer.all(weight), from, from + count);
            float[] got = new float[count + 2];
            reader.read(run, got, 1);
            assertThat(Arrays.copyOfRange(got, 1, count + 1)).isEqualTo(expected);
            assertThat(got[0] + got[count + 1]).isZero();
            short[] half = new short[count + 2];
            reader.readBfloat16(run, half, 1);
            for (int i = 0; i < count; i++) {
                assertThat(half[1 + i]).isEqualTo(Bfloat16.fromFloat(expected[i]));
            }
            assertThat(half[0] + half[count + 1]).isZero();
        });
    }

    @ParameterizedTest
    @MethodSource("readers")
    void read_everyHalf_isTheSameAsPlain(WeightReader reader) {
        ByteBuffer all = ByteBuffer.allocate(131072).order(ByteOrder.LITTLE_ENDIAN);
        for (int bits = 0; bits < 65536; bits++) {
            all.putShort((short) bits);
        }
        QuantizedMatrix weight = new QuantizedMatrix("w", QuantizationType.F16, 1, 65536, all.flip());
        float[] expected = Dequantizer.all(weight);
        float[] got = new float[65536];
        reader.read(new WeightReader.Run(weight, 0, 0, 65536), got, 0);
        for (int i = 0; i < 65536; i++) {
            assertThat(Float.floatToRawIntBits(got[i])).as("%04x", i).isEqualTo(Float.floatToRawIntBits(expected[i]));
        }
    }

    @ParameterizedTest
    @MethodSource("readers")
    void round_valuesAroundAStep_isNearestTiesToEven(WeightReader reader) {
        // bfloat16 has steps of 2^-7 between 1 and 2
        float[] in = {1, 1 + 0x1p-8f, 1 + 0x1.8p-7f, Math.nextUp(1 + 0x1p-8f), -1 - 0x1p-8f, 0, -0f, 3e38f};
        float[] out = {1, 1, 1 + 0x1p-6f, 1 + 0x1p-7f, -1, 0, -0f, 3e38f};
        float[] many = new float[8 * 5];
        short[] rounded = new short[many.length];
        for (int i = 0; i < many.length; i++) {
            many[i] = in[i % 8];
        }
        reader.round(many, 0, many.length, rounded, 0);
        for (int i = 0; i < many.length; i++) {
            float expected = i % 8 == 7 ? Bfloat16.toFloat(rounded[i]) : out[i % 8];
            assertThat(Bfloat16.toFloat(rounded[i])).isEqualTo(expected);
        }
        assertThat(Math.abs(Bfloat16.toFloat(rounded[7]) / 3e38f - 1)).isLessThan(0x1p-8f);
    }

    @Test
    void round_specials_stayWhatTheyAre() {
        readers().forEach(reader -> {
            float[] in = new float[16];
            Arrays.fill(in, 0, 8, Float.POSITIVE_INFINITY);
            Arrays.fill(in, 8, 16, Float.NaN);
            short[] rounded = new short[16];
            reader.round(in, 0, 16, rounded, 0);
            for (int i = 0; i < 16; i++) {
                assertThat(Bfloat16.toFloat(rounded[i])).isEqualTo(Float.valueOf(in[i])); // boxed: NaN is NaN
            }
        });
    }
}
