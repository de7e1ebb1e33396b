package dev.fedlora.lora.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.quant.Dequantizer;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.testkit.Property;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class WeightReaderTest {
    static Stream<WeightReader> readers() {
        return Stream.concat(
                Stream.of(new PlainWeights()), IncubatorClasses.load("VectorWeights", WeightReader.class).stream());
    }

    static Stream<Arguments> readersAndTypes() {
        return readers()
                .flatMap(reader -> Stream.of(QuantizationType.values())
                        .filter(QuantizationType::isComputable)
                        .map(type -> Arguments.of(reader, type)));
    }

    /** Blocks of random bytes: their scales are of every magnitude, and some infinite or not a number. */
    @ParameterizedTest
    @MethodSource("readersAndTypes")
    void read_anyRunOfAnyBytes_isThatPartOfTheRowToTheBit(WeightReader reader, QuantizationType type) {
        Property.forAll(200, random -> {
            QuantizedMatrix weight = randomBytes(type, random);
            WeightReader.Run run = anyRun(weight, random);
            int from = run.row() * weight.columns() + run.column();
            float[] expected = Arrays.copyOfRange(Dequantizer.all(weight), from, from + run.count());
            float[] got = new float[run.count() + 2];
            reader.read(run, got, 1);
            assertSameBits(Arrays.copyOfRange(got, 1, run.count() + 1), expected);
            assertThat(got[0] + got[run.count() + 1]).isZero();
        });
    }

    @ParameterizedTest
    @MethodSource("readersAndTypes")
    void readBfloat16_anyRunOfAnyBytes_isThatPartRounded(WeightReader reader, QuantizationType type) {
        Property.forAll(200, random -> {
            QuantizedMatrix weight = randomBytes(type, random);
            WeightReader.Run run = anyRun(weight, random);
            int from = run.row() * weight.columns() + run.column();
            float[] expected = Arrays.copyOfRange(Dequantizer.all(weight), from, from + run.count());
            for (int i = 0; i < expected.length; i++) {
                expected[i] = Bfloat16.toFloat(Bfloat16.fromFloat(expected[i]));
            }
            short[] got = new short[run.count() + 2];
            reader.readBfloat16(run, got, 1);
            float[] wide = new float[run.count()];
            for (int i = 0; i < wide.length; i++) {
                wide[i] = Bfloat16.toFloat(got[1 + i]);
            }
            assertSameBits(wide, expected);
            assertThat(got[0] + got[run.count() + 1]).isZero();
        });
    }

    private static QuantizedMatrix randomBytes(QuantizationType type, SplittableRandom random) {
        int step = type.blockSize();
        // up to 70 blocks of 32: past 2048 values rows are read in parts; single values in lengths that fill no vector
        int columns = step * random.nextInt(1, random.nextInt(8) == 0 ? 5000 / step : Math.max(3, 200 / step));
        byte[] bytes = new byte[(int) type.bytes(3L * columns)];
        random.nextBytes(bytes);
        return new QuantizedMatrix("w", type, 3, columns, ByteBuffer.wrap(bytes));
    }

    private static WeightReader.Run anyRun(QuantizedMatrix weight, SplittableRandom random) {
        int step = weight.type().blockSize();
        int first = step * random.nextInt(weight.columns() / step);
        int count = step * random.nextInt(1, (weight.columns() - first) / step + 1);
        return new WeightReader.Run(weight, random.nextInt(3), first, count);
    }

    // floatToIntBits, not Raw: which of the bit patterns of NaN an operation gives is the processor's affair
    private static void assertSameBits(float[] got, float[] expected) {
        for (int i = 0; i < expected.length; i++) {
            assertThat(Float.floatToIntBits(got[i])).as("value %d", i).isEqualTo(Float.floatToIntBits(expected[i]));
        }
    }

    @ParameterizedTest
    @MethodSource("readers")
    void read_typeThatStoresNoWeights_isRefusedByName(WeightReader reader) {
        QuantizedMatrix weight = new QuantizedMatrix("w", QuantizationType.Q8_K, 1, 256, ByteBuffer.allocate(292));
        WeightReader.Run run = new WeightReader.Run(weight, 0, 0, 256);
        assertThatThrownBy(() -> reader.read(run, new float[256], 0)).hasMessageContaining("w: type Q8_K cannot be");
        assertThatThrownBy(() -> reader.readBfloat16(run, new short[256], 0)).hasMessageContaining("w: type Q8_K");
    }

    /** A NaN must stay one: the bits of some, rounded as numbers are, would be infinity or zero. */
    @ParameterizedTest
    @MethodSource("readers")
    void round_everyKindOfNaN_staysOne(WeightReader reader) {
        int[] bits = {0x7f800001, 0x7f802000, 0x7fc00000, 0x7fffffff, 0xff800001, 0xffffffff, 0x7fffe000, 0x7f80ffff};
        float[] in = new float[bits.length * 3 + 1]; // the last one fills no vector
        for (int i = 0; i < in.length; i++) {
            in[i] = Float.intBitsToFloat(bits[i % bits.length]);
        }
        short[] rounded = new short[in.length];
        reader.round(in, 0, in.length, rounded, 0);
        for (int i = 0; i < in.length; i++) {
            assertThat(Bfloat16.toFloat(rounded[i]))
                    .as("%08x", bits[i % bits.length])
                    .isNaN();
        }
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
