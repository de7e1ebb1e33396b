package dev.fedlora.lora.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.quant.Dequantizer;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.quant.Quantizer;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that llama.cpp's own tools wrote. */
class GgufFileSharedTest {
    @Test
    void open_everyModelOfLlamaCpp_readsAllTensors() throws IOException {
        try (Stream<Path> files = Files.list(Shared.path("models"))) {
            List<Path> models =
                    files.filter(f -> f.toString().endsWith(".gguf")).sorted().toList();
            assertThat(models).isNotEmpty();
            for (Path model : models) {
                GgufFile gguf = GgufFile.open(model);
                assertThat(gguf.string("general.architecture")).isIn("llama", "bitnet");
                GgufTensor last = gguf.tensors().stream()
                        .max(java.util.Comparator.comparingLong(GgufTensor::offset))
                        .orElseThrow();
                // nothing after the last tensor but padding: sizes of all types are right
                assertThat(gguf.size() - last.offset() - last.bytes())
                        .as(model.toString())
                        .isBetween(0L, 31L);
            }
        }
    }

    @Test
    void metadata_ofStories_isWhatTheModelIs() throws IOException {
        GgufFile gguf = GgufFile.open(Shared.path("models/stories260K-Q8_0.gguf"));
        assertThat(gguf.count("llama.embedding_length")).isEqualTo(64);
        assertThat(gguf.count("llama.block_count")).isEqualTo(5);
        assertThat(gguf.count("llama.attention.head_count")).isEqualTo(8);
        assertThat(gguf.strings("tokenizer.ggml.tokens")).hasSize(512);
        assertThat(gguf.findNumbers("tokenizer.ggml.scores").orElseThrow().count())
                .isEqualTo(512);
        assertThatThrownBy(() -> gguf.string("no.such.key"))
                .hasMessageContaining("stories260K-Q8_0.gguf")
                .hasMessageContaining("no metadata key no.such.key");
        assertThatThrownBy(() -> gguf.string("llama.block_count"))
                .hasMessageContaining("llama.block_count is U32, expected a string");
    }

    @Test
    void matrix_ofQ8_hasItsShapeAndBytes() throws IOException {
        GgufFile gguf = GgufFile.open(Shared.path("models/stories260K-Q8_0.gguf"));
        QuantizedMatrix down = gguf.matrix("blk.0.ffn_down.weight", 64, 192);
        assertThat(down.type()).isEqualTo(QuantizationType.Q8_0);
        assertThat(down.blocks().remaining()).isEqualTo(64 * 192 / 32 * 34);
        assertThat(gguf.vector("output_norm.weight", 64)).hasSize(64);
        assertThatThrownBy(() -> gguf.matrix("blk.0.ffn_down.weight", 192, 64))
                .hasMessageContaining("blk.0.ffn_down.weight has dimensions [192, 64], expected [64, 192]");
        assertThatThrownBy(() -> gguf.vector("blk.0.ffn_down.weight")).hasMessageContaining("expected one dimension");
        assertThatThrownBy(() -> gguf.matrix("output_norm.weight")).hasMessageContaining("a matrix has two");
        assertThatThrownBy(() -> gguf.matrix("nothing")).hasMessageContaining("has no tensor nothing");
    }

    @Test
    void matrix_ofATypeThatCannotBeComputed_isRefusedByName(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("q8k.gguf");
        new GgufWriter()
                .tensor("w", QuantizationType.Q8_K, List.of(256L, 2L), () -> ByteBuffer.allocate(584))
                .write(file);
        GgufFile gguf = GgufFile.open(file);
        assertThatThrownBy(() -> gguf.matrix("w"))
                .hasMessageContaining("tensor w is stored as Q8_K, this version computes with [F32, ");
    }

    @Test
    void quantize_ofLlamaCppsFloats_givesLlamaCppsBytes() throws IOException {
        GgufFile floats = GgufFile.open(Shared.path("models/stories260K-f32.gguf"));
        for (QuantizationType type : List.of(QuantizationType.F16, QuantizationType.Q8_0, QuantizationType.Q4_0)) {
            GgufFile theirs = GgufFile.open(Shared.path("models/stories260K-" + type + ".gguf"));
            List<GgufTensor> stored =
                    theirs.tensors().stream().filter(t -> t.type() == type).toList();
            assertThat(stored).as(type.toString()).hasSizeGreaterThan(30);
            for (GgufTensor tensor : stored) {
                float[] values = Dequantizer.all(floats.matrix(tensor.name()));
                assertThat(ByteBuffer.wrap(Quantizer.quantize(type, values)))
                        .as(type + " " + tensor.name())
                        .isEqualTo(theirs.bytes(tensor.name()));
            }
        }
    }
}
