package dev.fedlora.lora.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.quant.Dequantizer;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.quant.Quantizer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file of more than 4 GiB with holes in it, which take no space on the disks that have them. */
class LargeFileTest {
    private static final long COLUMNS = 1 << 16;
    private static final long ROWS = 17_000; // of F32: 4,456,448,000 bytes
    private static final long LARGE_BYTES = 4 * COLUMNS * ROWS;

    @TempDir
    private static Path folder;

    private static GgufFile file;
    private static float[] last;

    @BeforeAll
    static void write() throws IOException {
        Assumptions.assumeTrue(
                Files.getFileStore(folder).getUsableSpace() > LARGE_BYTES + (1 << 20),
                "skipped: a disk without holes would need 4.2 GiB in " + folder);
        last = new float[64];
        for (int i = 0; i < last.length; i++) {
            last[i] = i - 20;
        }
        HeaderWriter header =
                new HeaderWriter().i32(HeaderParser.MAGIC).i32(3).i64(2).i64(0);
        header.string("large").i32(2).i64(COLUMNS).i64(ROWS).i32(QuantizationType.F32.ggmlId());
        header.i64(0);
        header.string("last").i32(2).i64(32).i64(2).i32(QuantizationType.Q8_0.ggmlId());
        ByteBuffer start = header.i64(LARGE_BYTES).paddedTo(32);
        Path path = folder.resolve("large.gguf");
        try (RandomAccessFile out = new RandomAccessFile(path.toFile(), "rw")) {
            out.write(start.array());
            long end = start.limit() + LARGE_BYTES;
            out.seek(end - 4);
            out.write(new byte[] {0, 0, 0x20, 0x41}); // 10, the last value of the large tensor
            out.write(Quantizer.quantize(QuantizationType.Q8_0, last));
            out.setLength(end + 68);
        }
        file = GgufFile.open(path);
    }

    @Test
    void matrix_behindMoreThanFourGibibytes_isReadWhereItLies() {
        assertThat(file.size()).isGreaterThan(1L << 32);
        assertThat(file.tensor("last").offset()).isGreaterThan(1L << 32);
        assertThat(Dequantizer.all(file.matrix("last")))
                .isEqualTo(Dequantizer.all(Quantizer.matrix("last", QuantizationType.Q8_0, 2, 32, last)));
    }

    @Test
    void matrix_ofMoreThanTwoGibibytes_isRefusedByNameAndSize() {
        assertThatThrownBy(() -> file.matrix("large"))
                .isInstanceOf(MalformedFileException.class)
                .hasMessageContaining("tensor large takes 4456448000 bytes, at most 2147483647 can be used");
        assertThatThrownBy(() -> file.bytes("large")).hasMessageContaining("tensor large takes 4456448000 bytes");
    }

    @Test
    void parts_ofMoreThanTwoGibibytes_areAllOfItsRows() {
        List<QuantizedMatrix> parts = file.parts("large");
        assertThat(parts).hasSize(3).allMatch(part -> part.columns() == COLUMNS);
        assertThat(parts.stream().mapToLong(QuantizedMatrix::rows).sum()).isEqualTo(ROWS);
        QuantizedMatrix end = parts.get(2);
        float[] row = new float[(int) COLUMNS];
        Dequantizer.rows(end, end.rows() - 1, 1, row);
        assertThat(row[row.length - 1]).isEqualTo(10f);
        assertThat(row[0]).isZero();
        assertThat(end.blocks().order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
    }

    @Test
    void parts_whereARowAloneIsTooLong_areRefused() throws IOException {
        Path small = folder.resolve("row.gguf");
        new GgufWriter().tensor("row", List.of(64L, 2L), new float[128]).write(small);
        assertThatThrownBy(() -> GgufFile.open(small, 100).parts("row"))
                .hasMessageContaining("a row of tensor row takes 256 bytes, at most");
    }
}
