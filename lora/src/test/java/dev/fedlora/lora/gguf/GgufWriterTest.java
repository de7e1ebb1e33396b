package dev.fedlora.lora.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufWriterTest {
    @TempDir
    private Path folder;

    @Test
    void write_whatWasReadFromLlamaCppsFiles_givesTheSameBytes() throws IOException {
        try (Stream<Path> files = Files.list(Shared.path("models"))) {
            for (Path model : files.filter(f -> f.toString().endsWith(".gguf")).toList()) {
                GgufFile read = GgufFile.open(model);
                GgufWriter writer = new GgufWriter();
                read.metadata().forEach(writer::put);
                read.tensors()
                        .forEach(t -> writer.tensor(t.name(), t.type(), t.dimensions(), () -> read.bytes(t.name())));
                Path copy = folder.resolve(model.getFileName());
                writer.write(copy);
                assertThat(Files.mismatch(model, copy)).as(model.toString()).isEqualTo(-1);
                assertThat(GgufFile.open(copy).sha256()).isEqualTo(read.sha256());
            }
        }
    }

    @Test
    void write_everyKindOfValue_comesBack() throws IOException {
        Path file = folder.resolve("values.gguf");
        GgufWriter writer = new GgufWriter()
                .put("u8", new GgufValue.Whole(GgufValueType.U8, 200))
                .put("i8", new GgufValue.Whole(GgufValueType.I8, -100))
                .put("u16", new GgufValue.Whole(GgufValueType.U16, 60_000))
                .put("i16", new GgufValue.Whole(GgufValueType.I16, -30_000))
                .put("u32", new GgufValue.Whole(GgufValueType.U32, 4_000_000_000L))
                .put("i32", new GgufValue.Whole(GgufValueType.I32, -2_000_000_000))
                .put("u64", new GgufValue.Whole(GgufValueType.U64, Long.MAX_VALUE))
                .put("i64", new GgufValue.Whole(GgufValueType.I64, Long.MIN_VALUE))
                .put("f64", new GgufValue.Real(GgufValueType.F64, Math.PI))
                .f32("f32", 1e-12f)
                .flag("flag", true)
                .text("text", "Grüße, 世界")
                .texts("texts", List.of("", "a", "ü"))
                .i32s("i32s", new int[] {1, -2, 3});
        writer.write(file);
        GgufFile read = GgufFile.open(file);
        assertThat(read.integer("u8")).isEqualTo(200);
        assertThat(read.integer("i8")).isEqualTo(-100);
        assertThat(read.integer("u16")).isEqualTo(60_000);
        assertThat(read.integer("i16")).isEqualTo(-30_000);
        assertThat(read.integer("u32")).isEqualTo(4_000_000_000L);
        assertThat(read.integer("i32")).isEqualTo(-2_000_000_000);
        assertThat(read.integer("i64")).isEqualTo(Long.MIN_VALUE);
        assertThat(read.floating("f64")).isEqualTo(Math.PI);
        assertThat((float) read.floating("f32")).isEqualTo(1e-12f);
        assertThat(read.flag("flag")).isTrue();
        assertThat(read.string("text")).isEqualTo("Grüße, 世界");
        assertThat(read.strings("texts")).containsExactly("", "a", "ü");
        assertThat(read.findNumbers("i32s").orElseThrow().whole(1)).isEqualTo(-2);
        assertThat(read.findString("absent")).isEmpty();
        assertThatThrownBy(() -> read.count("i8")).hasMessageContaining("i8 is -100, allowed are 1 to");
        assertThatThrownBy(() -> read.integer("texts")).hasMessageContaining("an array of STRING, expected a whole");
    }

    @Test
    void write_tensorOfTheWrongLength_leavesWhatStoodThere() throws IOException {
        Path file = Files.writeString(folder.resolve("old.gguf"), "old");
        GgufWriter writer =
                new GgufWriter().tensor("x", QuantizationType.Q8_0, List.of(32L, 2L), () -> ByteBuffer.allocate(34));
        assertThatThrownBy(() -> writer.write(file))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("tensor x takes 68 bytes, its source gave 34");
        assertThat(file).hasContent("old");
        assertThat(folder).isDirectoryContaining("glob:**/old.gguf");
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).hasSize(1);
        }
    }

    @Test
    void tensor_ofImpossibleShape_isRefused() {
        GgufWriter writer = new GgufWriter().u32("a", 1);
        assertThatThrownBy(() -> writer.u32("a", 1)).hasMessageContaining("metadata key a was given twice");
        assertThatThrownBy(() -> writer.u32("b", -1)).hasMessageContaining("b must be at least 0");
        assertThatThrownBy(() -> writer.tensor("x", List.of(), new float[0])).hasMessageContaining("has dimensions []");
        assertThatThrownBy(() -> writer.tensor("x", QuantizationType.Q4_0, List.of(33L), () -> ByteBuffer.allocate(0)))
                .hasMessageContaining("rows of 33 values, but Q4_0 stores blocks of 32");
        writer.tensor("x", List.of(1L), new float[1]);
        assertThatThrownBy(() -> writer.tensor("x", List.of(1L), new float[1])).hasMessageContaining("given twice");
    }

    @Test
    void write_intoAFolderThatIsNotThere_saysSo() {
        Path file = folder.resolve("no").resolve("x.gguf");
        assertThatThrownBy(() -> new GgufWriter().write(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("its folder does not exist");
    }
}
