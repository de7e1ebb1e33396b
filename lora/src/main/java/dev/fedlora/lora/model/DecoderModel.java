package dev.fedlora.lora.model;

import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.tensor.MatrixProducts;
import dev.fedlora.lora.tensor.RmsNorm;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Decoders as llama.cpp stores them under the architectures {@code llama} (Llama 1 to 3, Mistral, TinyLlama, SmolLM),
 * {@code qwen2}, {@code qwen3} and {@code bitnet}: pre-normed blocks of causal grouped-query attention with rotary
 * positions and gated feed-forward, and an output layer that may be the token table.
 *
 * <p>All matrices stay mapped and quantized; token embeddings are dequantized a row at a time. Positions start at 0 in
 * every sequence of a batch. A model with a sliding attention window is run within its window: the context limit is the
 * smaller of the two, and within it both are the same.
 *
 * <p>Sources: Touvron et al., Llama 2, 2023 (arXiv 2307.09288); Yang et al., Qwen2 Technical Report, 2024 (arXiv
 * 2407.10671); Yang et al., Qwen3 Technical Report, 2025 (arXiv 2505.09388); Ma et al., The Era of 1-bit LLMs, 2024 (arXiv
 * 2402.17764). Immutable and thread-safe.
 */
public final class DecoderModel implements BaseModel {
    /** The places of the linear layers in {@link #linearLayers()}. */
    static final int Q = 0;

    static final int K = 1;
    static final int V = 2;
    static final int OUTPUT = 3;
    static final int GATE = 4;
    static final int UP = 5;
    static final int DOWN = 6;
    static final int LINEAR_LAYERS = 7;

    private final DecoderFamily family;
    private final DecoderShape shape;
    private final String sha256;
    private final RotaryEmbedding rotary;
    private final Ends ends;
    private final List<DecoderBlock> blocks;

    /** What stands before the first block and after the last one. */
    record Ends(QuantizedMatrix tokens, RmsNorm outputNorm, QuantizedMatrix output) {}

    DecoderModel(DecoderReader reader) {
        this.family = reader.family();
        this.shape = reader.shape();
        this.sha256 = reader.sha256();
        this.rotary = reader.rotary();
        this.ends = reader.ends();
        this.blocks = reader.blocks();
    }

    /**
     * Opens the model in {@code file}, whose mapping stays in use as long as the model.
     *
     * @throws dev.fedlora.lora.file.MalformedFileException when a key or tensor is missing, has another shape, or is one
     *     that this class does not know and would leave out
     * @throws IllegalArgumentException when the file holds another architecture, or one of its numbers makes no sense
     */
    public static DecoderModel of(GgufFile file) {
        return new DecoderModel(new DecoderReader(file));
    }

    /** Returns the kinds of linear layers, in the order of the constants. */
    static List<LinearLayer> linearLayers(DecoderShape shape) {
        int d = shape.width();
        int f = shape.feedForward();
        return List.of(
                new LinearLayer("attn_q", shape.queryWidth(), d),
                new LinearLayer("attn_k", shape.keyWidth(), d),
                new LinearLayer("attn_v", shape.keyWidth(), d),
                new LinearLayer("attn_output", d, shape.queryWidth()),
                new LinearLayer("ffn_gate", f, d),
                new LinearLayer("ffn_up", f, d),
                new LinearLayer("ffn_down", d, f));
    }

    @Override
    public String architecture() {
        return family.architecture();
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
    public int headsOfKey() {
        return shape.heads().count() / shape.heads().keyCount();
    }

    @Override
    public int vocabulary() {
        return shape.vocabulary();
    }

    @Override
    public List<LinearLayer> linearLayers() {
        return linearLayers(shape);
    }

    @Override
    public Optional<QuantizedMatrix> outputMatrix() {
        return Optional.of(ends.output);
    }

    @Override
    public List<QuantizedMatrix> frozenMatrices() {
        List<QuantizedMatrix> all = new ArrayList<>();
        all.add(ends.tokens);
        blocks.stream().flatMap(DecoderBlock::weights).forEach(all::add);
        if (ends.output != ends.tokens) {
            all.add(ends.output);
        }
        return all;
    }

    @Override
    public ForwardPass open(MatrixProducts products, ActivationPolicy policy) {
        return new DecoderForwardPass(this, products, policy);
    }

    @Override
    public long passBytes(int rows, int rank, ActivationPolicy policy) {
        return DecoderForwardPass.bytes(this, rows, rank, policy);
    }

    /** Returns the numbers that say how large this model is. */
    public DecoderShape shape() {
        return shape;
    }

    DecoderFamily family() {
        return family;
    }

    RotaryEmbedding rotary() {
        return rotary;
    }

    Ends ends() {
        return ends;
    }

    DecoderBlock block(int number) {
        return blocks.get(number);
    }

    @Override
    public String toString() {
        return "DecoderModel[%s, %d blocks, %d wide, %d tokens]"
                .formatted(architecture(), blocks(), width(), vocabulary());
    }
}
