package dev.fedlora.lora.huggingface;

import dev.fedlora.lora.gguf.RotaryRows;
import dev.fedlora.lora.safetensors.SafetensorsTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Which tensors a decoder has, how they are called in GGUF, and that each is there with its shape. A tensor that nobody
 * asks for is refused: the GGUF file would silently be another model.
 */
final class DecoderTensors {
    private static final Pattern COMPUTED =
            Pattern.compile(".*(\\.rotary_emb\\.inv_freq|\\.attention\\.bias|\\.attention\\.masked_bias)");

    private final DecoderConfig config;
    private final WeightFiles weights;
    private final List<SourceTensor> found = new ArrayList<>();
    private final Set<String> left;

    private DecoderTensors(DecoderConfig config, WeightFiles weights) {
        this.config = config;
        this.weights = weights;
        this.left = new TreeSet<>(weights.names());
    }

    /**
     * Returns all tensors in the order in which they are written.
     *
     * @throws dev.fedlora.lora.file.MalformedFileException when one is missing, has another shape, or has no place
     */
    static List<SourceTensor> find(DecoderConfig config, WeightFiles weights) {
        DecoderTensors tensors = new DecoderTensors(config, weights);
        int width = config.width();
        tensors.need(SourceTensor.matrix("model.embed_tokens.weight", "token_embd.weight", config.vocabulary(), width));
        tensors.need(SourceTensor.vector("model.norm.weight", "output_norm.weight", width));
        SourceTensor output = SourceTensor.matrix("lm_head.weight", "output.weight", config.vocabulary(), width);
        if (config.isTied()) {
            tensors.take(output);
        } else {
            tensors.need(output);
        }
        for (int block = 0; block < config.blocks(); block++) {
            tensors.addAttention("model.layers." + block + ".", "blk." + block + ".");
            tensors.addFeedForward("model.layers." + block + ".", "blk." + block + ".");
        }
        tensors.left.removeIf(name -> COMPUTED.matcher(name).matches());
        if (!tensors.left.isEmpty()) {
            throw weights.malformed("has tensors that a %s model does not have here: %s"
                    .formatted(
                            config.family().architecture(),
                            tensors.left.stream().limit(5).toList()));
        }
        return tensors.found;
    }

    private void addAttention(String from, String to) {
        int width = config.width();
        int queries = config.queryRows();
        int keys = config.keyRows();
        need(SourceTensor.vector(from + "input_layernorm.weight", to + "attn_norm.weight", width));
        addProjection(from + "self_attn.q_proj", to + "attn_q", queries, width);
        addProjection(from + "self_attn.k_proj", to + "attn_k", keys, width);
        addProjection(from + "self_attn.v_proj", to + "attn_v", keys, width);
        addProjection(from + "self_attn.o_proj", to + "attn_output", width, queries);
        if (config.family() == ModelFamily.QWEN3) {
            need(SourceTensor.vector(from + "self_attn.q_norm.weight", to + "attn_q_norm.weight", config.headWidth()));
            need(SourceTensor.vector(from + "self_attn.k_norm.weight", to + "attn_k_norm.weight", config.headWidth()));
        }
        if (config.family() == ModelFamily.BITNET) {
            need(SourceTensor.vector(from + "self_attn.inner_attn_ln.weight", to + "attn_sub_norm.weight", queries));
        }
    }

    private void addFeedForward(String from, String to) {
        int width = config.width();
        int inner = config.feedForward();
        need(SourceTensor.vector(from + "post_attention_layernorm.weight", to + "ffn_norm.weight", width));
        needLayer(SourceTensor.matrix(from + "mlp.gate_proj.weight", to + "ffn_gate.weight", inner, width));
        needLayer(SourceTensor.matrix(from + "mlp.down_proj.weight", to + "ffn_down.weight", width, inner));
        needLayer(SourceTensor.matrix(from + "mlp.up_proj.weight", to + "ffn_up.weight", inner, width));
        if (config.family() == ModelFamily.BITNET) {
            need(SourceTensor.vector(from + "mlp.ffn_layernorm.weight", to + "ffn_sub_norm.weight", inner));
        }
    }

    /** Adds a weight and, where there is one, its bias. */
    private void addProjection(String from, String to, int rows, int columns) {
        SourceTensor weight = SourceTensor.matrix(from + ".weight", to + ".weight", rows, columns);
        SourceTensor bias = SourceTensor.vector(from + ".bias", to + ".bias", rows);
        if (RotaryRows.isInterleaved(config.family().architecture(), to.substring(to.lastIndexOf('.') + 1))) {
            weight = weight.orderedByHeads(config.headWidth());
            bias = bias.orderedByHeads(config.headWidth());
        }
        needLayer(weight);
        take(bias);
    }

    private void needLayer(SourceTensor tensor) {
        need(tensor.ternary(config.family() == ModelFamily.BITNET));
    }

    private void need(SourceTensor tensor) {
        if (!take(tensor)) {
            throw weights.malformed("has no tensor " + tensor.name());
        }
    }

    private boolean take(SourceTensor tensor) {
        if (!left.remove(tensor.name())) {
            return false;
        }
        SafetensorsTensor stored = weights.find(tensor.name()).orElseThrow();
        List<Long> expected = tensor.isVector()
                ? List.of((long) tensor.columns())
                : List.of((long) tensor.rows(), (long) tensor.columns());
        if (!stored.shape().equals(expected)) {
            throw weights.malformed(
                    "tensor %s has shape %s, config.json means %s".formatted(tensor.name(), stored.shape(), expected));
        }
        if (!Set.of("F32", "F16", "BF16").contains(stored.type())) {
            throw weights.malformed(
                    "tensor %s has dtype %s, allowed are F32, F16 and BF16".formatted(tensor.name(), stored.type()));
        }
        found.add(tensor);
        return true;
    }
}
