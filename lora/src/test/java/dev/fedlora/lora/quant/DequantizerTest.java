package dev.fedlora.lora.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.testkit.Property;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DequantizerTest {
    @Test
    void rows_oneQ8Block_isScaleTimesInteger() {
        byte[] block = new byte[34];
        block[1] = 0x38; // 0x3800 = 0.5
        block[2] = 127;
        block[3] = -128;
        float[] values =
                Dequantizer.all(new QuantizedMatrix("w", QuantizationType.Q8_0, 1, 32, ByteBuffer.wrap(block)));
        assertThat(values).startsWith(63.5f, -64f, 0f);
    }

    @Test
    void rows_oneQ4Block_hasLowNibblesFirst() {
        byte[] block = new byte[18];
        block[1] = (byte) 0xb8; // -0.5
        Arrays.fill(block, 2, 18, (byte) 0x88);
        block[2] = (byte) 0xf0;
        float[] values =
                Dequantizer.all(new QuantizedMatrix("w", QuantizationType.Q4_0, 1, 32, ByteBuffer.wrap(block)));
        assertThat(values[0]).isEqualTo(4f);
        assertThat(values[16]).isEqualTo(-3.5f);
        assertThat(values[1]).isZero();
    }

    static Stream<QuantizationType> readable() {
        return Stream.of(QuantizationType.values()).filter(QuantizationType::isComputable);
    }

    @ParameterizedTest
    @MethodSource("readable")
    void rows_anyRange_isThatPartOfTheWhole(QuantizationType type) {
        Property.forAll(20, random -> {
            int rows = random.nextInt(1, 6);
            int columns = type.blockSize() * random.nextInt(1, 4);
            byte[] blocks = new byte[(int) type.bytes((long) rows * columns)];
            random.nextBytes(blocks);
            QuantizedMatrix matrix = new QuantizedMatrix("w", type, rows, columns, ByteBuffer.wrap(blocks));
            int first = random.nextInt(rows);
            int count = random.nextInt(rows - first + 1);
            float[] part = new float[count * columns];
            Dequantizer.rows(matrix, first, count, part);
            assertThat(part)
                    .isEqualTo(Arrays.copyOfRange(Dequantizer.all(matrix), first * columns, (first + count) * columns));
        });
    }

    @Test
    void rows_typeThatStoresNoWeights_isRefusedByName() {
        QuantizedMatrix matrix = new QuantizedMatrix("w", QuantizationType.Q8_K, 1, 256, ByteBuffer.allocate(292));
        assertThatThrownBy(() -> Dequantizer.all(matrix)).hasMessageContaining("w: type Q8_K cannot be dequantized");
    }

    @Test
    void rows_outsideTheMatrix_isRefused() {
        QuantizedMatrix matrix = Quantizer.matrix("w", QuantizationType.F32, 2, 3, new float[6]);
        assertThatThrownBy(() -> Dequantizer.rows(matrix, 1, 2, new float[6]))
                .hasMessage("w has 2 rows, got a request for 2 from row 1");
        assertThatThrownBy(() -> Dequantizer.rows(matrix, 0, 2, new float[5]))
                .hasMessage("2 rows of w take 6 values, got an array of 5");
    }
}
