package dev.fedlora.lora.onnx;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufWriter;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.Quantizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

/**
 * Converts a BERT encoder that PyTorch exported to ONNX into a GGUF file of architecture {@code bert}, with the tensor
 * names, metadata and vocabulary that llama.cpp expects. The pooler is left out: embeddings are mean-pooled.
 *
 * <p>Linear weights and the token embedding take the asked-for type; position and type embeddings, norms and biases stay
 * F32. The same input and type give the same bytes, so that everyone who converts has the same base model.
 *
 * <p>Cost: memory for the largest tensor twice, beside the ONNX file where that came packed in a jar.
 */
public final class OnnxBertConverter {
    private static final List<String[]> LINEARS = List.of(
            new String[] {"attention.self.query", "attn_q"},
            new String[] {"attention.self.key", "attn_k"},
            new String[] {"attention.self.value", "attn_v"},
            new String[] {"attention.output.dense", "attn_output"},
            new String[] {"intermediate.dense", "ffn_up"},
            new String[] {"output.dense", "ffn_down"});
    private static final List<String[]> NORMS = List.of(
            new String[] {"attention.output.LayerNorm", "attn_output_norm"},
            new String[] {"output.LayerNorm", "layer_output_norm"});

    /** The types that encoders are converted to: those whose blocks divide the rows of every encoder of the family. */
    public static final List<QuantizationType> TYPES =
            List.of(QuantizationType.F32, QuantizationType.F16, QuantizationType.Q8_0, QuantizationType.Q4_0);

    private static final int MEAN_POOLING = 1; // llama.cpp's number
    private static final int QUANTIZATION_VERSION = 2; // ggml's present block layouts

    private final BertGraph bert;
    private final QuantizationType type;
    private final GgufWriter out = new GgufWriter();

    private OnnxBertConverter(BertGraph bert, QuantizationType type) {
        this.bert = bert;
        this.type = type;
    }

    /**
     * Writes {@code source} as {@code target}, replacing what stood there.
     *
     * @param type of the weights: one of {@link #TYPES}
     * @throws MalformedFileException when the source is not a BERT encoder with float weights and an uncased WordPiece
     *     vocabulary; {@code target} is unchanged then
     * @throws IllegalArgumentException when {@code type} is another
     * @throws IOException when {@code target} cannot be written
     */
    public static void convert(OnnxSource source, QuantizationType type, Path target) throws IOException {
        if (!TYPES.contains(type)) {
            throw new IllegalArgumentException("encoders are converted to %s, got %s".formatted(TYPES, type));
        }
        BertGraph bert = new BertGraph(OnnxReader.read(source.name(), source.model()));
        OnnxBertConverter converter = new OnnxBertConverter(bert, type);
        converter.addMetadata(source);
        converter.addTensors();
        converter.out.write(target);
    }

    private void addMetadata(OnnxSource source) {
        OnnxTensor words = bert.matrix("embeddings.word_embeddings.weight");
        OnnxTensor tokenTypes = bert.matrix("embeddings.token_type_embeddings.weight");
        out.text("general.architecture", "bert")
                .text("general.type", "model")
                .text("general.name", source.stem())
                .u32("general.file_type", fileType())
                .u32("general.quantization_version", QUANTIZATION_VERSION)
                .u32("bert.block_count", bert.layers())
                .u32(
                        "bert.context_length",
                        bert.matrix("embeddings.position_embeddings.weight").dimension(0))
                .u32("bert.embedding_length", bert.hidden())
                .u32("bert.feed_forward_length", feedForward(0))
                .u32("bert.attention.head_count", bert.heads())
                .f32("bert.attention.layer_norm_epsilon", bert.layerNormEpsilon())
                .flag("bert.attention.causal", false)
                .u32("bert.pooling_type", MEAN_POOLING);
        BertVocabulary.read(source, words.dimension(0)).writeTo(out, tokenTypes.dimension(0));
    }

    private void addTensors() {
        int hidden = bert.hidden();
        OnnxTensor words = bert.matrix("embeddings.word_embeddings.weight");
        addMatrix("token_embd.weight", type, words.dimension(0), hidden, words::floats);
        addEmbedding("embeddings.position_embeddings.weight", "position_embd.weight");
        addEmbedding("embeddings.token_type_embeddings.weight", "token_types.weight");
        addNorm("embeddings.LayerNorm", "token_embd_norm");
        for (int layer = 0; layer < bert.layers(); layer++) {
            String from = "encoder.layer." + layer + ".";
            String to = "blk." + layer + ".";
            for (String[] names : LINEARS) {
                addLinear(layer, from + names[0], to + names[1]);
            }
            for (String[] names : NORMS) {
                addNorm(from + names[0], to + names[1]);
            }
        }
    }

    private void addLinear(int layer, String module, String name) {
        int outputs = module.contains("intermediate") ? feedForward(layer) : bert.hidden();
        boolean down = name.endsWith("ffn_down");
        int inputs = down ? feedForward(layer) : bert.hidden();
        addMatrix(name + ".weight", type, outputs, inputs, () -> bert.linear(module, outputs, inputs));
        addVector(module + ".bias", name + ".bias", outputs);
    }

    private void addEmbedding(String module, String name) {
        OnnxTensor table = bert.matrix(module);
        table.expect(table.dimension(0), bert.hidden());
        addMatrix(name, QuantizationType.F32, table.dimension(0), bert.hidden(), table::floats);
    }

    private void addNorm(String module, String name) {
        addVector(module + ".weight", name + ".weight", bert.hidden());
        addVector(module + ".bias", name + ".bias", bert.hidden());
    }

    private void addVector(String module, String name, int length) {
        out.tensor(
                name, List.of((long) length), bert.tensor(module).expect(length).floats());
    }

    private void addMatrix(String name, QuantizationType as, int rows, int columns, Supplier<float[]> values) {
        List<Long> dimensions = List.of((long) columns, (long) rows);
        out.tensor(
                name,
                as,
                dimensions,
                () -> Quantizer.matrix(name, as, rows, columns, values.get()).blocks());
    }

    /** Returns the width of a layer's feed-forward part: the length of its bias. */
    private int feedForward(int layer) {
        return bert.tensor("encoder.layer." + layer + ".intermediate.dense.bias")
                .dimension(0);
    }

    /** Returns llama.cpp's number for "mostly this type". */
    private int fileType() {
        return switch (type) {
            case F32 -> 0;
            case F16 -> 1;
            case Q4_0 -> 2;
            case Q8_0 -> 7;
            default -> throw new IllegalArgumentException("no file type for " + type);
        };
    }
}
