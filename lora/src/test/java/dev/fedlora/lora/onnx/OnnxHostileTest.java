package dev.fedlora.lora.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.testkit.Property;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A BERT of one layer, 4 wide with 2 heads, made by hand; and what happens when something in it is wrong. */
class OnnxHostileTest {
    private static final String TOKENIZER = """
            {"added_tokens": [{"id": 0, "content": "[PAD]", "special": true}],
             "normalizer": {"lowercase": true},
             "model": {"type": "WordPiece", "continuing_subword_prefix": "##",
                       "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "a": 5, "##b": 6}}}""";
    private static final String SELF = "encoder.layer.0.attention.self.";

    @TempDir
    private Path folder;

    private static float[] counting(int count) {
        float[] values = new float[count];
        IntStream.range(0, count).forEach(i -> values[i] = i);
        return values;
    }

    private static OnnxBytes embeddings() {
        return new OnnxBytes()
                .floats("embeddings.word_embeddings.weight", counting(32), 8, 4)
                .floats("embeddings.position_embeddings.weight", counting(12), 3, 4)
                .floats("embeddings.token_type_embeddings.weight", counting(8), 2, 4)
                .floats("embeddings.LayerNorm.weight", counting(4), 4)
                .floats("embeddings.LayerNorm.bias", counting(4), 4)
                .floats("epsilon", new float[] {1e-5f})
                .node("Add", "/embeddings/LayerNorm/Add", "variance", "epsilon")
                .node("Sqrt", "/embeddings/LayerNorm/Sqrt", "/embeddings/LayerNorm/Add")
                .node("Erf", "/gelu/Erf", "x");
    }

    private static OnnxBytes layer(OnnxBytes graph) {
        linear(graph, SELF + "query", 4, 4);
        linear(graph, SELF + "key", 4, 4);
        linear(graph, SELF + "value", 4, 4);
        linear(graph, "encoder.layer.0.attention.output.dense", 4, 4);
        linear(graph, "encoder.layer.0.intermediate.dense", 6, 4);
        linear(graph, "encoder.layer.0.output.dense", 4, 6);
        for (String norm : List.of("attention.output", "output")) {
            graph.floats("encoder.layer.0." + norm + ".LayerNorm.weight", counting(4), 4);
            graph.floats("encoder.layer.0." + norm + ".LayerNorm.bias", counting(4), 4);
        }
        return graph;
    }

    private static void linear(OnnxBytes graph, String module, int outputs, int inputs) {
        String path = "/" + module.replace('.', '/').replace("layer/0", "layer.0");
        graph.floats("w." + module, counting(inputs * outputs), inputs, outputs)
                .floats(module + ".bias", counting(outputs), outputs)
                .node("MatMul", path + "/MatMul", "x", "w." + module)
                .node("Add", path + "/Add", module + ".bias", path + "/MatMul");
    }

    private static OnnxBytes heads(OnnxBytes graph) {
        return graph.wholes("shape", 0, 0, 2, 2)
                .node("Reshape", "/encoder/layer.0/attention/self/Reshape", "/" + path("query") + "/Add", "shape");
    }

    private static String path(String part) {
        return "encoder/layer.0/attention/self/" + part;
    }

    private static byte[] model(OnnxBytes graph) {
        return new OnnxBytes().whole(1, 7).message(7, graph).toBytes();
    }

    private static byte[] valid() {
        return model(heads(layer(embeddings())));
    }

    private GgufFile convert(byte[] model, String tokenizer) throws IOException {
        Path target = folder.resolve("out.gguf");
        OnnxSource source = new OnnxSource("bert.onnx", ByteBuffer.wrap(model), tokenizer);
        OnnxBertConverter.convert(source, QuantizationType.F32, target);
        return GgufFile.open(target);
    }

    private void assertRefused(byte[] model, String message) {
        assertThatThrownBy(() -> convert(model, TOKENIZER))
                .isInstanceOf(MalformedFileException.class)
                .hasMessageStartingWith("bert.onnx: ")
                .hasMessageContaining(message);
        assertThat(folder.resolve("out.gguf")).doesNotExist();
    }

    private void assertTokenizerRefused(UnaryOperator<String> edit, String message) {
        assertThatThrownBy(() -> convert(valid(), edit.apply(TOKENIZER)))
                .isInstanceOf(MalformedFileException.class)
                .hasMessageStartingWith("bert.onnx's tokenizer.json: ")
                .hasMessageContaining(message);
    }

    @Test
    void convert_aSmallBert_transposesAndNamesItsWeights() throws IOException {
        GgufFile bert = convert(valid(), TOKENIZER);
        assertThat(bert.count("bert.attention.head_count")).isEqualTo(2);
        assertThat((float) bert.floating("bert.attention.layer_norm_epsilon")).isEqualTo(1e-5f);
        assertThat(bert.strings("tokenizer.ggml.tokens"))
                .containsExactly("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "\u2581a", "b", "[PAD7]");
        ByteBuffer up = bert.matrix("blk.0.ffn_up.weight", 6, 4).blocks();
        for (int output = 0; output < 6; output++) {
            for (int input = 0; input < 4; input++) { // stored inputs × outputs, counted up
                assertThat(up.getFloat(4 * (output * 4 + input))).isEqualTo(input * 6 + output);
            }
        }
    }

    @Test
    void convert_headsFromTheScaleAlone_agree() throws IOException {
        OnnxBytes graph = layer(embeddings())
                .floats("scale", new float[] {(float) Math.sqrt(2)})
                .node("Div", "/" + path("Div"), "scores", "scale");
        assertThat(convert(model(graph), TOKENIZER).count("bert.attention.head_count"))
                .isEqualTo(2);
    }

    @Test
    void convert_graphsThatDoNotTellEverything_areRefused() {
        assertRefused(model(layer(embeddings())), "does not tell its number of attention heads");
        assertRefused(model(embeddings()), "it has no tensor " + SELF + "query.bias");
        assertRefused(model(new OnnxBytes().node("Erf", "x")), "it has no tensor embeddings.word_embeddings.weight");
        OnnxBytes odd = layer(embeddings())
                .wholes("shape", 0, 0, 1, 3)
                .node("Reshape", "/" + path("Reshape"), "/" + path("query") + "/Add", "shape");
        assertRefused(model(odd), "heads of width 3, which does not divide the width 4");
        assertRefused(
                model(heads(layer(embeddings())).floats("epsilon", new float[] {1})), "tensor epsilon appears twice");
    }

    @Test
    void convert_tensorsOfAnotherShapeOrType_areRefusedByName() {
        assertRefused(
                model(heads(layer(new OnnxBytes().floats("embeddings.word_embeddings.weight", counting(8), 8)))),
                "embeddings.word_embeddings.weight has shape [8], expected a matrix");
        String text = new String(valid(), java.nio.charset.StandardCharsets.ISO_8859_1);
        byte[] renamed = text.replace("w." + SELF + "query", "x." + SELF + "query")
                .replaceFirst("x\\." + SELF + "query", "y." + SELF + "query")
                .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
        assertRefused(renamed, "has no tensor x." + SELF + "query");
        OnnxBytes quantized = heads(layer(embeddings())).node("MatMulInteger", "m", "x");
        assertRefused(model(quantized), "is quantized (it has MatMulInteger nodes)");
        OnnxBytes wide = heads(layer(embeddings())).floats(SELF + "query.weight", counting(20), 5, 4);
        assertRefused(model(wide), "tensor " + SELF + "query.weight has shape [5, 4], expected [4, 4]");
    }

    @Test
    void convert_tensorWithoutItsData_isRefused() {
        OnnxTensor external = new OnnxTensor("bert.onnx", "w", List.of(4L), 1, ByteBuffer.allocate(0));
        assertThatThrownBy(external::floats)
                .hasMessageContaining("tensor w of shape [4] takes 16 bytes, the file holds 0");
        OnnxTensor whole = new OnnxTensor("bert.onnx", "w", List.of(1L), 3, ByteBuffer.allocate(1));
        assertThatThrownBy(whole::floats).hasMessageContaining("tensor w has ONNX data type 3, expected FLOAT");
        OnnxTensor huge = new OnnxTensor("bert.onnx", "w", List.of(1L << 40, 1L << 40), 1, ByteBuffer.allocate(0));
        assertThatThrownBy(huge::floats).hasMessageContaining("which is not possible");
        ByteBuffer nan = ByteBuffer.allocate(4).putInt(0, Integer.reverseBytes(0x7fc00000));
        assertThatThrownBy(() -> new OnnxTensor("bert.onnx", "w", List.of(1L), 1, nan).floats())
                .hasMessageContaining("holds NaN at index 0");
    }

    @Test
    void convert_vocabulariesThatDoNotFit_areRefused() {
        assertTokenizerRefused(t -> "{", "is not valid JSON");
        assertTokenizerRefused(t -> t.replace("WordPiece", "BPE"), "model.type is not WordPiece");
        assertTokenizerRefused(t -> t.replace("true}", "false}"), "normalizer.lowercase is not true");
        assertTokenizerRefused(t -> t.replace("\"##\"", "\"@@\""), "the piece prefix is not ##");
        assertTokenizerRefused(
                t -> t.replace("\"a\": 5", "\"a\": 8"), "a token has id 8, the embedding has ids 0 to 7");
        assertTokenizerRefused(t -> t.replace("\"a\": 5", "\"a\": -1"), "a token has id -1");
        assertTokenizerRefused(t -> t.replace("\"a\": 5", "\"a\": \"5\""), "a token has id \"5\"");
        assertTokenizerRefused(t -> t.replace("\"a\": 5", "\"a\": 6"), "id 6 has an empty token, or two");
        assertTokenizerRefused(t -> t.replace("[MASK]", "[MUSK]"), "has no token [MASK]");
        assertTokenizerRefused(t -> t.replace("\"vocab\"", "\"words\""), "model.vocab is not an object");
    }

    @Test
    void convert_bytesThatAreNoModel_areRefused() {
        assertRefused(new byte[0], "is not an ONNX model: it has no graph with nodes");
        assertRefused(
                "not an onnx file at all".getBytes(java.nio.charset.StandardCharsets.UTF_8), "is not an ONNX file");
        byte[] valid = valid();
        for (int length = 1; length < valid.length; length += 17) {
            assertRefused(Arrays.copyOf(valid, length), "");
        }
    }

    @Test
    void convert_anyChangedBytes_convertsOrRefusesInOneLine() {
        byte[] valid = valid();
        Property.forAll(1000, random -> {
            byte[] changed = valid.clone();
            for (int i = 0; i < random.nextInt(1, 4); i++) {
                changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
            }
            try {
                convert(changed, TOKENIZER);
            } catch (IllegalArgumentException refused) {
                assertThat(refused.getMessage()).isNotBlank().hasSizeLessThan(2000);
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        });
    }

    @Test
    void open_jarsWithoutTheirParts_areRefused() throws IOException {
        Path jar = folder.resolve("model.jar");
        zip(jar);
        assertThatThrownBy(() -> OnnxSource.open(jar))
                .hasMessageContaining("model.jar: holds 0 .onnx files, expected one");
        zip(jar, "a.onnx", "b.onnx");
        assertThatThrownBy(() -> OnnxSource.open(jar)).hasMessageContaining("holds 2 .onnx files");
        zip(jar, "m/a.onnx");
        assertThatThrownBy(() -> OnnxSource.open(jar))
                .hasMessageContaining("holds none of [m/a-tokenizer.json, m/tokenizer.json]");
        zip(jar, "m/a.onnx", "m/tokenizer.json");
        assertThat(OnnxSource.open(jar).stem()).isEqualTo("a");
        Path absent = folder.resolve("absent.onnx");
        assertThatThrownBy(() -> OnnxSource.open(absent)).hasMessageContaining("absent.onnx does not exist");
    }

    private static void zip(Path jar, String... names) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar))) {
            for (String name : names) {
                zip.putNextEntry(new ZipEntry(name));
            }
        }
    }
}
