package dev.fedlora.lora.model;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufTensor;
import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.tensor.RmsNorm;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads a {@link DecoderModel} out of a GGUF file. Every tensor of the file must be one that the model uses: a result that
 * leaves a weight out would be wrong without a sign.
 */
final class DecoderReader {
    private static final String ROPE_FACTORS = "rope_freqs.weight";

    private final GgufFile file;
    private final DecoderFamily family;
    private final DecoderShape shape;
    private final RotaryEmbedding rotary;
    private final DecoderModel.Ends ends;
    private final List<DecoderBlock> blocks = new ArrayList<>();
    private final Set<String> used = new HashSet<>();

    /** Reads everything; see {@link DecoderModel#of}. */
    DecoderReader(GgufFile file) {
        this.file = file;
        String architecture = file.string("general.architecture");
        this.family = DecoderFamily.of(architecture)
                .orElseThrow(() -> new IllegalArgumentException(
                        "%s holds a model of architecture '%s', not a decoder".formatted(file.path(), architecture)));
        refuseUnsupported();
        this.shape = readShape();
        this.ends = readEnds();
        for (int block = 0; block < shape.blocks(); block++) {
            blocks.add(readBlock(block));
        }
        // last: the tensors' shapes have been held against the numbers that size the tables
        boolean hasFactors =
                family == DecoderFamily.LLAMA && file.findTensor(ROPE_FACTORS).isPresent();
        this.rotary = new RotaryScaling(file, architecture)
                .read(family, shape, hasFactors ? vector(ROPE_FACTORS, rotaryPairs()) : null);
        refuseUnused();
    }

    private String key(String name) {
        return family.architecture() + "." + name;
    }

    private void refuseUnsupported() {
        if (file.findInteger(key("expert_count")).orElse(0L) > 0) {
            throw new MalformedFileException(
                    file.path(), key("expert_count") + ": a mixture of experts is not supported by this version");
        }
        if (!file.findFlag(key("attention.causal")).orElse(true)) {
            throw new MalformedFileException(
                    file.path(), key("attention.causal") + " is false, this version runs causal attention");
        }
        for (String scale : List.of("attention.scale", "logit_scale", "embedding_scale", "residual_scale")) {
            if (file.findFloating(key(scale)).orElse(0.0) != 0) {
                throw new MalformedFileException(file.path(), key(scale) + " is not supported by this version");
            }
        }
    }

    private DecoderShape readShape() {
        int width = file.count(key("embedding_length"));
        int heads = file.count(key("attention.head_count"));
        int keyHeads = countOr("attention.head_count_kv", heads);
        String keyLength = key("attention.key_length");
        if (file.findInteger(keyLength).isEmpty() && width % heads != 0) {
            throw refused(
                    "%s is %d, must be a multiple of the %d heads".formatted(key("embedding_length"), width, heads));
        }
        int headWidth = countOr("attention.key_length", Math.max(1, width / heads));
        int valueWidth = countOr("attention.value_length", headWidth);
        if (valueWidth != headWidth) {
            throw refused("%s is %d, this version takes values as wide as keys, %d"
                    .formatted(key("attention.value_length"), valueWidth, headWidth));
        }
        try {
            return new DecoderShape(
                    file.count(key("block_count")),
                    width,
                    new DecoderShape.Heads(heads, keyHeads, headWidth),
                    file.count(key("feed_forward_length")),
                    contextLimit(),
                    vocabulary(),
                    (float) file.floating(key("attention.layer_norm_rms_epsilon")));
        } catch (MalformedFileException known) {
            throw known;
        } catch (IllegalArgumentException outOfRange) {
            throw refused(family.architecture() + "." + outOfRange.getMessage());
        }
    }

    private int countOr(String name, int otherwise) {
        return file.findInteger(key(name)).isPresent() ? file.count(key(name)) : otherwise;
    }

    private int contextLimit() {
        int limit = file.count(key("context_length"));
        long window = file.findInteger(key("attention.sliding_window")).orElse(0L);
        return window > 0 ? (int) Math.min(limit, window) : limit;
    }

    /** Returns the rows of the token table, which the vocabulary must have as many tokens as. */
    private int vocabulary() {
        GgufTensor table = file.tensor("token_embd.weight");
        long tokens = file.findStrings("tokenizer.ggml.tokens")
                .map(all -> (long) all.size())
                .orElseGet(() -> file.findInteger(key("vocab_size")).orElse(table.rows()));
        if (tokens != table.rows()) {
            throw refused("the vocabulary has %d tokens, tensor %s has %d rows"
                    .formatted(tokens, table.name(), table.rows()));
        }
        return Math.toIntExact(tokens);
    }

    private int rotaryPairs() {
        return (int) (file.findInteger(key("rope.dimension_count"))
                        .orElse((long) shape.heads().width())
                / 2);
    }

    private DecoderModel.Ends readEnds() {
        QuantizedMatrix tokens = matrix("token_embd.weight", shape.vocabulary(), shape.width());
        RmsNorm norm = norm("output_norm", shape.width());
        boolean tied = file.findTensor("output.weight").isEmpty();
        return new DecoderModel.Ends(
                tokens, norm, tied ? tokens : matrix("output.weight", shape.vocabulary(), shape.width()));
    }

    private DecoderBlock readBlock(int number) {
        String prefix = "blk." + number + ".";
        int headWidth = shape.heads().width();
        boolean heads = family.hasHeadNorms();
        boolean subs = family.hasSubNorms();
        DecoderBlock.Norms norms = new DecoderBlock.Norms(
                norm(prefix + "attn_norm", shape.width()),
                norm(prefix + "ffn_norm", shape.width()),
                heads ? norm(prefix + "attn_q_norm", headWidth) : null,
                heads ? norm(prefix + "attn_k_norm", headWidth) : null,
                subs ? subNorm(prefix, "attn_sub_norm", shape.queryWidth(), "attn_output") : null,
                subs ? subNorm(prefix, "ffn_sub_norm", shape.feedForward(), "ffn_down") : null);
        List<LinearLayer> kinds = DecoderModel.linearLayers(shape);
        List<FrozenLinear> linear = new ArrayList<>();
        for (int i = 0; i < kinds.size(); i++) {
            LinearLayer layer = kinds.get(i);
            QuantizedMatrix weight = matrix(layer.tensor(number), layer.outputs(), layer.inputs());
            boolean folded = i == DecoderModel.OUTPUT || i == DecoderModel.DOWN;
            float factor = subs && !folded ? factor(prefix + layer.name()) : 1;
            linear.add(new FrozenLinear(number, i, weight, bias(prefix, i, layer), factor));
        }
        return new DecoderBlock(number, shape, norms, linear);
    }

    /** Returns the norm before {@code layer}, that layer's factor included: c W n = W (c n). */
    private RmsNorm subNorm(String prefix, String name, int columns, String layer) {
        RmsNorm norm = norm(prefix + name, columns);
        float factor = factor(prefix + layer);
        for (int i = 0; i < columns; i++) {
            norm.weight()[i] *= factor;
        }
        return norm;
    }

    /** Returns what BitNet multiplies a layer's output by. */
    private float factor(String layer) {
        String name = layer + ".scale";
        if (file.findTensor(name).isEmpty()) {
            return 1;
        }
        float factor = vector(name, 1)[0];
        if (!Float.isFinite(factor)) {
            throw refused("tensor %s holds %s, must be finite".formatted(name, factor));
        }
        return factor;
    }

    private float @Nullable [] bias(String prefix, int layer, LinearLayer kind) {
        String name = prefix + kind.name() + ".bias";
        boolean needed = family.hasAttentionBiases() && layer <= DecoderModel.V;
        return needed || file.findTensor(name).isPresent() ? vector(name, kind.outputs()) : null;
    }

    private RmsNorm norm(String name, int columns) {
        return new RmsNorm(vector(name + ".weight", columns), shape.epsilon());
    }

    private float[] vector(String name, int length) {
        used.add(name);
        return file.vector(name, length);
    }

    private QuantizedMatrix matrix(String name, int rows, int columns) {
        used.add(name);
        return file.matrix(name, rows, columns);
    }

    private void refuseUnused() {
        List<String> unknown = file.tensors().stream()
                .map(GgufTensor::name)
                .filter(name -> !used.contains(name))
                .sorted()
                .toList();
        if (!unknown.isEmpty()) {
            throw refused(
                    "holds %d tensors that a model of architecture '%s' with %d blocks does not use, the first: %s"
                            .formatted(unknown.size(), family.architecture(), shape.blocks(), unknown.get(0)));
        }
    }

    private MalformedFileException refused(String problem) {
        return new MalformedFileException(file.path(), problem);
    }

    DecoderFamily family() {
        return family;
    }

    DecoderShape shape() {
        return shape;
    }

    String sha256() {
        return file.sha256();
    }

    RotaryEmbedding rotary() {
        return rotary;
    }

    DecoderModel.Ends ends() {
        return ends;
    }

    List<DecoderBlock> blocks() {
        return List.copyOf(blocks);
    }
}
