package dev.fedlora.lora.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.lora.file.WholeFile;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.testkit.Shared;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The conversion of the real MiniLM, from the jar on the test's class path. */
class OnnxBertConverterTest {
    private static final String RESOURCE = "all-minilm-l6-v2.onnx";
    private static final long VALUES = 22_713_728 - 512 - 384 * 384 - 384; // less position ids and pooler

    @TempDir
    private static Path folder;

    private static OnnxSource source;

    @BeforeAll
    static void open() throws IOException {
        source = OnnxSource.onClassPath(OnnxBertConverterTest.class.getClassLoader(), RESOURCE);
    }

    private static GgufFile convert(QuantizationType type) throws IOException {
        Path target = folder.resolve(type + ".gguf");
        OnnxBertConverter.convert(source, type, target);
        return GgufFile.open(target);
    }

    @Test
    void convert_miniLm_readsItsShapeFromTheGraph() throws IOException {
        GgufFile model = convert(QuantizationType.F32);
        assertThat(model.string("general.architecture")).isEqualTo("bert");
        assertThat(model.count("bert.block_count")).isEqualTo(6);
        assertThat(model.count("bert.context_length")).isEqualTo(512);
        assertThat(model.count("bert.embedding_length")).isEqualTo(384);
        assertThat(model.count("bert.feed_forward_length")).isEqualTo(1536);
        assertThat(model.count("bert.attention.head_count")).isEqualTo(12);
        assertThat(model.floating("bert.attention.layer_norm_epsilon")).isEqualTo(1e-12f, within(0.0));
        assertThat(model.flag("bert.attention.causal")).isFalse();
        assertThat(model.count("bert.pooling_type")).isEqualTo(1);
        assertThat(model.tensors()).hasSize(3 + 2 + 6 * 16);
        assertThat(model.tensors().stream().mapToLong(t -> t.values()).sum()).isEqualTo(VALUES);
        assertThat(model.matrix("blk.5.ffn_down.weight", 384, 1536).type()).isEqualTo(QuantizationType.F32);
    }

    @Test
    void convert_miniLm_vocabularyIsTheOneOfLlamaCppsConverter() throws IOException {
        GgufFile theirs = GgufFile.open(Shared.path("tokenizer-vectors/ggml-vocab-bert-bge.gguf"));
        GgufFile ours = convert(QuantizationType.Q8_0);
        assertThat(ours.strings("tokenizer.ggml.tokens")).isEqualTo(theirs.strings("tokenizer.ggml.tokens"));
        assertThat(ours.findNumbers("tokenizer.ggml.token_type"))
                .isEqualTo(theirs.findNumbers("tokenizer.ggml.token_type"));
        for (String key : theirs.metadata().keySet()) {
            if (key.startsWith("tokenizer.ggml.") && !key.endsWith(".pre")) {
                assertThat(ours.metadata())
                        .as(key)
                        .containsEntry(key, theirs.metadata().get(key));
            }
        }
    }

    @Test
    void convert_eachType_storesWeightsInItAndTheRestInF32() throws IOException {
        for (QuantizationType type : List.of(QuantizationType.F16, QuantizationType.Q8_0, QuantizationType.Q4_0)) {
            GgufFile model = convert(type);
            assertThat(model.tensor("token_embd.weight").type()).isEqualTo(type);
            assertThat(model.tensor("blk.0.attn_q.weight").type()).isEqualTo(type);
            assertThat(model.tensor("position_embd.weight").type()).isEqualTo(QuantizationType.F32);
            assertThat(model.tensor("token_types.weight").type()).isEqualTo(QuantizationType.F32);
            assertThat(model.vector("blk.0.attn_q.bias", 384)).hasSize(384);
        }
    }

    @Test
    void convert_jarFileAndClassPath_giveTheSameBytes() throws Exception {
        Path jar = Path.of(OnnxBertConverterTest.class
                .getClassLoader()
                .getResource(RESOURCE)
                .toURI()
                .getSchemeSpecificPart()
                .replaceFirst("^file:", "")
                .replaceFirst("!.*$", ""));
        Path fromJar = folder.resolve("from-jar.gguf");
        OnnxBertConverter.convert(OnnxSource.open(jar), QuantizationType.Q4_0, fromJar);

        Path onnx = folder.resolve(RESOURCE);
        byte[] bytes = new byte[source.model().remaining()];
        source.model().duplicate().get(bytes);
        Files.write(onnx, bytes);
        assertThatThrownBy(() -> OnnxSource.open(onnx)).hasMessageContaining("tokenizer.json] beside it");
        Files.writeString(folder.resolve("all-minilm-l6-v2-tokenizer.json"), source.tokenizer());
        Path fromFile = folder.resolve("from-file.gguf");
        OnnxBertConverter.convert(OnnxSource.open(onnx), QuantizationType.Q4_0, fromFile);

        String expected = convert(QuantizationType.Q4_0).sha256();
        assertThat(WholeFile.sha256(fromJar)).isEqualTo(expected);
        assertThat(WholeFile.sha256(fromFile)).isEqualTo(expected);
    }

    @Test
    void onClassPath_absent_saysWhatIsMissing() {
        assertThatThrownBy(() -> OnnxSource.onClassPath(OnnxBertConverterTest.class.getClassLoader(), "no.onnx"))
                .isInstanceOf(FileNotFoundException.class)
                .hasMessageContaining("no.onnx");
    }

    @Test
    void convert_typeThatCannotBeWritten_isRefusedAndLeavesNoFile() {
        Path target = folder.resolve("never.gguf");
        assertThatThrownBy(() -> OnnxBertConverter.convert(source, QuantizationType.Q2_K, target))
                .hasMessageContaining("Q2_K");
        assertThat(target).doesNotExist();
    }
}
