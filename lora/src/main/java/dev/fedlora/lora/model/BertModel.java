package dev.fedlora.lora.model;

import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.tensor.LayerNorm;
import dev.fedlora.lora.tensor.MatrixProducts;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * BERT encoders as llama.cpp stores them under architecture {@code bert}: MiniLM, BGE, E5 and others with absolute
 * positions, post-LayerNorm and exact (erf) GELU.
 *
 * <p>The linear layers stay mapped and quantized; token embeddings are dequantized a row at a time; position embeddings,
 * biases and LayerNorms are held in float. Every text is of token type 0. The pooler of the original checkpoint is not
 * part of the model: texts are pooled by their mean.
 *
 * <p>Source: Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers, NAACL 2019 (arXiv 1810.04805).
 * Immutable and thread-safe.
 */
public final class BertModel implements BaseModel {
    /** The architecture's name in GGUF. */
    public static final String ARCHITECTURE = "bert";

    private final BertShape shape;
    private final String sha256;
    private final BertEmbeddings embeddings;
    private final List<BertBlock> blocks;
    private final List<LinearLayer> linearLayers;

    BertModel(BertShape shape, int types, String sha256, TensorSource tensors) {
        this.shape = shape;
        this.sha256 = sha256;
        this.embeddings = new BertEmbeddings(tensors, shape, types);
        int d = shape.width();
        int f = shape.feedForward();
        this.linearLayers = List.of( // in the order of the constants of BertBlock
                new LinearLayer("attn_q", d, d),
                new LinearLayer("attn_k", d, d),
                new LinearLayer("attn_v", d, d),
                new LinearLayer("attn_output", d, d),
                new LinearLayer("ffn_up", f, d),
                new LinearLayer("ffn_down", d, f));
        List<BertBlock> all = new ArrayList<>();
        for (int block = 0; block < shape.blocks(); block++) {
            all.add(block(block, tensors));
        }
        this.blocks = List.copyOf(all);
    }

    /**
     * Opens the model in {@code file}, whose mapping stays in use as long as the model.
     *
     * @throws dev.fedlora.lora.file.MalformedFileException when a key or tensor is missing or has another shape
     * @throws IllegalArgumentException when the file holds another architecture, or one of its numbers makes no sense
     */
    public static BertModel of(GgufFile file) {
        String architecture = file.string("general.architecture");
        if (!architecture.equals(ARCHITECTURE)) {
            throw new IllegalArgumentException("%s holds a model of architecture '%s', this version runs '%s'"
                    .formatted(file.path(), architecture, ARCHITECTURE));
        }
        if (file.findFlag("bert.attention.causal").orElse(false)) {
            throw new IllegalArgumentException(
                    file.path() + ": bert.attention.causal is true, this version runs bidirectional attention");
        }
        BertShape shape = new BertShape(
                file.count("bert.block_count"),
                file.count("bert.embedding_length"),
                file.count("bert.attention.head_count"),
                file.count("bert.feed_forward_length"),
                file.count("bert.context_length"),
                rows(file, "token_embd.weight"),
                (float) file.floating("bert.attention.layer_norm_epsilon"));
        return new BertModel(shape, rows(file, "token_types.weight"), file.sha256(), new TensorSource() {
            @Override
            public QuantizedMatrix matrix(String name, int rows, int columns) {
                return file.matrix(name, rows, columns);
            }

            @Override
            public float[] vector(String name, int length) {
                return file.vector(name, length);
            }
        });
    }

    private static int rows(GgufFile file, String name) {
        return Math.toIntExact(file.tensor(name).rows());
    }

    private BertBlock block(int number, TensorSource tensors) {
        List<FrozenLinear> linear = new ArrayList<>();
        for (int i = 0; i < BertBlock.LINEAR_LAYERS; i++) {
            LinearLayer layer = linearLayers.get(i);
            QuantizedMatrix weight = tensors.matrix(layer.tensor(number), layer.outputs(), layer.inputs());
            float[] bias = tensors.vector("blk." + number + "." + layer.name() + ".bias", layer.outputs());
            linear.add(new FrozenLinear(number, i, weight, bias, 1));
        }
        return new BertBlock(
                number,
                shape,
                linear,
                norm(tensors, "blk." + number + ".attn_output_norm"),
                norm(tensors, "blk." + number + ".layer_output_norm"));
    }

    private LayerNorm norm(TensorSource tensors, String name) {
        return new LayerNorm(
                tensors.vector(name + ".weight", shape.width()),
                tensors.vector(name + ".bias", shape.width()),
                shape.epsilon());
    }

    @Override
    public String architecture() {
        return ARCHITECTURE;
    }

    @Override
    public String sha256() {
        return sha256;
    }

    @Override
    public int width() {
        return shape.width();
    }

    @Override
    public int blocks() {
        return shape.blocks();
    }

    @Override
    public int contextLimit() {
        return shape.contextLimit();
    }

    @Override
    public int vocabulary() {
        return shape.vocabulary();
    }

    @Override
    public List<LinearLayer> linearLayers() {
        return linearLayers;
    }

    @Override
    public List<QuantizedMatrix> frozenMatrices() {
        return Stream.concat(embeddings.matrices().stream(), blocks.stream().flatMap(BertBlock::weights))
                .toList();
    }

    @Override
    public ForwardPass open(MatrixProducts products, ActivationPolicy policy) {
        return new BertForwardPass(this, products, policy);
    }

    @Override
    public long passBytes(int rows, int rank, ActivationPolicy policy) {
        return BertForwardPass.bytes(shape, rows, rank, policy);
    }

    BertShape shape() {
        return shape;
    }

    BertEmbeddings embeddings() {
        return embeddings;
    }

    BertBlock block(int number) {
        return blocks.get(number);
    }

    @Override
    public String toString() {
        return "BertModel[%d blocks, %d wide, %d tokens]".formatted(blocks(), width(), vocabulary());
    }
}
