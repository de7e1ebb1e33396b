package dev.fedlora.lora.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.Quantizer;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelQuantizerTest {
    @TempDir
    private Path folder;

    /** Whole files that llama.cpp's quantizer wrote: metadata, order, types, falling back and every block. */
    @ParameterizedTest
    @CsvSource({
        "stories260K-f32, F16, stories260K-F16",
        "stories260K-f32, Q8_0, stories260K-Q8_0",
        "stories260K-f32, Q4_0, stories260K-Q4_0",
        "stories260K-f32, Q4_K, stories260K-Q4_K_M",
    })
    void quantize_trainedModel_givesLlamaCppsFile(String from, QuantizationType type, String golden)
            throws IOException {
        Path out = folder.resolve("out.gguf");
        ModelQuantizer.quantize(open(from), type, out, 3, (done, all, choice) -> {});
        assertThat(Files.mismatch(out, Shared.path("models/" + golden + ".gguf")))
                .as("the first byte that differs")
                .isEqualTo(-1);
    }

    /** These were made of floats that are not there, so that blocks differ: compared up to the first of them. */
    @ParameterizedTest
    @CsvSource({"Q8_0, Q8_0", "Q4_0, Q4_0", "Q4_K, Q4_K_M"})
    void quantize_modelWithSuperBlocks_givesLlamaCppsTypes(QuantizationType type, String golden) throws IOException {
        Path out = folder.resolve("out.gguf");
        ModelQuantizer.quantize(open("bitstories3M-F16"), type, out, 2, (done, all, choice) -> {});
        GgufFile ours = GgufFile.open(out);
        GgufFile theirs = open("bitstories3M-" + golden);
        assertThat(ours.tensors()).isEqualTo(theirs.tensors());
        assertThat(Files.mismatch(out, theirs.path()))
                .isGreaterThanOrEqualTo(ours.tensor("token_embd.weight").offset());
    }

    private static GgufFile open(String name) throws IOException {
        return GgufFile.open(Shared.path("models/" + name + ".gguf"));
    }

    @Test
    void quantize_anyNumberOfThreads_givesTheSameFile() throws IOException {
        GgufFile model = large();
        List<Path> files = new ArrayList<>();
        for (int threads : new int[] {1, 2, 5}) {
            files.add(folder.resolve(threads + ".gguf"));
            ModelQuantizer.quantize(
                    model, QuantizationType.Q8_0, files.get(files.size() - 1), threads, (d, a, c) -> {});
        }
        assertThat(Files.mismatch(files.get(0), files.get(1))).isEqualTo(-1);
        assertThat(Files.mismatch(files.get(0), files.get(2))).isEqualTo(-1);
    }

    /** As tensors of more than 2 GiB are, only smaller. */
    @Test
    void quantize_tensorsThatAreMappedInParts_givesTheSameFile() throws IOException {
        Path model = Shared.path("models/stories260K-f32.gguf");
        Path whole = folder.resolve("whole.gguf");
        Path parts = folder.resolve("parts.gguf");
        ModelQuantizer.quantize(GgufFile.open(model), QuantizationType.Q4_0, whole, 2, (d, a, c) -> {});
        // 1000 bytes are 3 rows of 64 floats and a bit, and one of 192
        ModelQuantizer.quantize(GgufFile.open(model, 1000), QuantizationType.Q4_0, parts, 2, (d, a, c) -> {});
        assertThat(Files.mismatch(whole, parts)).isEqualTo(-1);
        ModelQuantizer.quantize(GgufFile.open(model, 1000), QuantizationType.F32, parts, 2, (d, a, c) -> {});
        GgufFile floats = GgufFile.open(model);
        for (GgufTensor tensor : GgufFile.open(parts).tensors()) {
            assertThat(GgufFile.open(parts).bytes(tensor.name())).isEqualTo(floats.bytes(tensor.name()));
        }
    }

    /** 3 parts and a bit. */
    private GgufFile large() throws IOException {
        Path file = folder.resolve("large.gguf");
        float[] values = new float[64 * 50_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.sin(i);
        }
        new GgufWriter()
                .text("general.architecture", "llama")
                .tensor("blk.0.ffn_up.weight", List.of(64L, 50_000L), values)
                .write(file);
        return GgufFile.open(file);
    }

    @Test
    void quantize_anyModel_tellsEveryTensorAndWhichFellBack() throws IOException {
        List<String> told = new ArrayList<>();
        Path out = folder.resolve("out.gguf");
        StoragePlan plan = ModelQuantizer.quantize(
                open("stories260K-f32"),
                QuantizationType.Q6_K,
                out,
                1,
                (done, all, choice) ->
                        told.add(done + "/" + all + " " + choice.tensor().name()));
        assertThat(told).hasSize(48).startsWith("1/48 output.weight").endsWith("48/48 blk.4.ffn_up.weight");
        assertThat(plan.choices())
                .filteredOn(choice -> choice.unfitting().isPresent())
                .hasSize(36)
                .allMatch(choice -> choice.type() == QuantizationType.Q8_0
                        && choice.unfitting().equals(Optional.of(QuantizationType.Q6_K)));
        assertThat(GgufFile.open(out).integer("general.file_type")).isEqualTo(18);
    }

    @Test
    void quantize_quantizedModel_isReadLikeAnyOther() throws IOException {
        Path floats = folder.resolve("floats.gguf");
        Path again = folder.resolve("again.gguf");
        ModelQuantizer.quantize(open("bitstories3M-TQ2_0"), QuantizationType.F32, floats, 2, (d, a, c) -> {});
        ModelQuantizer.quantize(GgufFile.open(floats), QuantizationType.BF16, again, 2, (d, a, c) -> {});
        assertThat(GgufFile.open(again).tensor("blk.0.attn_q.weight").type()).isEqualTo(QuantizationType.BF16);
        assertThat(GgufFile.open(again).tensor("output_norm.weight").type()).isEqualTo(QuantizationType.F32);
    }

    @Test
    void quantize_valueThatCannotBeStored_namesTensorAndPositionAndLeavesNothing() throws IOException {
        float[] values = new float[32 * 40_000];
        values[32 * 39_999 + 7] = Float.NaN;
        GgufFile nan = model("nan.gguf", values);
        Path out = folder.resolve("out.gguf");
        assertThatThrownBy(() -> ModelQuantizer.quantize(nan, QuantizationType.Q8_0, out, 2, (d, a, c) -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(nan.path() + ": tensor blk.0.ffn_up.weight, row 39999, column 7: the value is NaN, only"
                        + " finite values can be stored");
        values[32 * 39_999 + 7] = 1e6f;
        GgufFile large = model("large.gguf", values);
        assertThatThrownBy(() -> ModelQuantizer.quantize(large, QuantizationType.F16, out, 2, (d, a, c) -> {}))
                .hasMessageContaining("row 39999, column 7: the value needs 1000000.0, F16 ends at 65504");
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left.map(file -> file.getFileName().toString())).containsOnly("nan.gguf", "large.gguf");
        }
    }

    /** A block's scale that is not a number is found when it is read. */
    @Test
    void quantize_scaleThatIsNotANumber_isRefusedWithItsPlace() throws IOException {
        Path file = folder.resolve("scale.gguf");
        byte[] blocks = Quantizer.quantize(QuantizationType.Q4_0, new float[64 * 2]);
        blocks[3 * 18 + 1] = 0x7e;
        new GgufWriter()
                .tensor("w.weight", QuantizationType.Q4_0, List.of(64L, 2L), () -> ByteBuffer.wrap(blocks))
                .write(file);
        GgufFile model = GgufFile.open(file);
        assertThatThrownBy(() -> ModelQuantizer.quantize(
                        model, QuantizationType.F16, folder.resolve("out.gguf"), 1, (d, a, c) -> {}))
                .hasMessageContaining("tensor w.weight, row 1, column 32: the value is NaN");
    }

    private GgufFile model(String name, float[] values) throws IOException {
        Path file = folder.resolve(name);
        new GgufWriter()
                .tensor("blk.0.ffn_up.weight", List.of(32L, values.length / 32L), Arrays.copyOf(values, values.length))
                .write(file);
        return GgufFile.open(file);
    }

    @Test
    void quantize_whatCannotBeDone_isRefused() throws IOException {
        GgufFile model = model("model.gguf", new float[64]);
        Path out = folder.resolve("out.gguf");
        assertThatThrownBy(() -> ModelQuantizer.quantize(model, QuantizationType.TQ2_0, out, 1, (d, a, c) -> {}))
                .hasMessageContaining("type TQ2_0 cannot be written, this version writes [F32, F16, Q4_0, ");
        assertThatThrownBy(() -> ModelQuantizer.quantize(model, QuantizationType.F16, model.path(), 1, (d, a, c) -> {}))
                .hasMessageContaining("model.gguf is the file to be read");
        assertThatThrownBy(() -> ModelQuantizer.quantize(model, QuantizationType.F16, out, 0, (d, a, c) -> {}))
                .hasMessageContaining("threads must be at least 1, got 0");
        assertThat(out).doesNotExist();
    }
}
