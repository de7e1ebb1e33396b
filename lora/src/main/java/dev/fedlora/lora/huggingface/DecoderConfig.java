package dev.fedlora.lora.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import dev.fedlora.lora.gguf.AttentionHeads;
import dev.fedlora.lora.gguf.GgufWriter;
import java.util.OptionalInt;

/**
 * The shape of a decoder, out of config.json. D is {@code width}, F is {@code feedForward}, d is {@code headWidth}.
 *
 * @param window how many tokens each one attends to, where the class has a window and config.json names its length
 * @param hasOwnHeadWidth whether config.json names d, which is then written too
 * @param isTied whether the output matrix may be the embedding
 */
record DecoderConfig(
        ModelFamily family,
        int blocks,
        int context,
        OptionalInt window,
        int width,
        int feedForward,
        AttentionHeads heads,
        int headWidth,
        boolean hasOwnHeadWidth,
        int vocabulary,
        boolean isTied,
        double ropeBase,
        RopeScaling ropeScaling,
        double normEpsilon) {
    private static final int QWEN3_HEAD_WIDTH = 128; // Qwen3Config's default
    private static final double ROPE_BASE = 10000; // every class's default

    /** Reads config.json and refuses what a GGUF file of the family cannot say. */
    static DecoderConfig read(JsonFile json) {
        ModelFamily family = family(json);
        refuse(json);
        int width = json.requiredCount("hidden_size");
        int queries = json.requiredCount("num_attention_heads");
        AttentionHeads heads =
                new AttentionHeads(queries, json.count("num_key_value_heads").orElse(queries));
        boolean own = json.has("head_dim") || family == ModelFamily.QWEN3;
        if (!own && width % queries != 0) {
            throw json.malformed("hidden_size %d is not a multiple of %d heads".formatted(width, queries));
        }
        if (queries % heads.keys() != 0) {
            throw json.malformed("%d attention heads cannot share %d key heads".formatted(queries, heads.keys()));
        }
        int headWidth = json.count("head_dim").orElse(own ? QWEN3_HEAD_WIDTH : width / queries);
        if (headWidth % 2 != 0) {
            throw json.malformed("heads are %d wide, rotary embeddings need an even width".formatted(headWidth));
        }
        if ((long) queries * headWidth > Integer.MAX_VALUE) {
            throw json.malformed("num_attention_heads is %d, times head_dim %d is more than %d"
                    .formatted(queries, headWidth, Integer.MAX_VALUE));
        }
        JsonFile rope = json.object("rope_parameters");
        return new DecoderConfig(
                family,
                json.requiredCount("num_hidden_layers"),
                json.requiredCount("max_position_embeddings"),
                window(json),
                width,
                json.requiredCount("intermediate_size"),
                heads,
                headWidth,
                own,
                json.requiredCount("vocab_size"),
                json.flag("tie_word_embeddings").orElse(false),
                rope.positive("rope_theta").orElse(json.positive("rope_theta").orElse(ROPE_BASE)),
                RopeScaling.read(json),
                json.positive("rms_norm_eps").orElse(1e-6)); // every class's default
    }

    private static ModelFamily family(JsonFile json) {
        JsonNode name = modelClass(json);
        if (!name.isTextual()) {
            throw json.malformed("architectures names no model class");
        }
        return ModelFamily.of(name.textValue())
                .orElseThrow(() -> json.malformed("model class %s cannot be converted, allowed are %s"
                        .formatted(JsonFile.brief(name), ModelFamily.allClasses())));
    }

    private static JsonNode modelClass(JsonFile json) {
        return json.get("architectures").path(0);
    }

    /** Mistral's window has no switch: it is there when it has a length. The other classes ignore the field, or are refused. */
    private static OptionalInt window(JsonFile json) {
        return ModelFamily.hasWindow(modelClass(json).asText()) ? json.count("sliding_window") : OptionalInt.empty();
    }

    private static void refuse(JsonFile json) {
        json.text("hidden_act").filter(act -> !act.equals("silu")).ifPresent(act -> {
            throw json.malformed("hidden_act is \"%s\", a GGUF file of this architecture means silu".formatted(act));
        });
        if (json.has("quantization_config")) {
            throw json.malformed(
                    "has a quantization_config: quantized weights cannot be converted, only F32, F16, BF16");
        }
        if (json.flag("mlp_bias").orElse(false)) {
            throw json.malformed("mlp_bias is true, which cannot be converted");
        }
        if (json.flag("use_sliding_window").orElse(false)) {
            throw json.malformed("use_sliding_window is true, which a GGUF file of this architecture cannot say");
        }
        json.positive("partial_rotary_factor").filter(part -> part != 1).ifPresent(part -> {
            throw json.malformed("partial_rotary_factor is %s, which cannot be converted".formatted(part));
        });
    }

    /** Returns the rows of the query matrix. */
    int queryRows() {
        return heads.queries() * headWidth; // read() saw that it fits
    }

    /** Returns the rows of the key matrix and of the value matrix. */
    int keyRows() {
        return heads.keys() * headWidth; // at most as many as those of queries
    }

    /** Writes the shape under the keys of the architecture. */
    void writeTo(GgufWriter out) {
        String prefix = family.architecture() + ".";
        out.u32(prefix + "block_count", blocks)
                .u32(prefix + "context_length", context)
                .u32(prefix + "embedding_length", width)
                .u32(prefix + "feed_forward_length", feedForward)
                .u32(prefix + "attention.head_count", heads.queries())
                .u32(prefix + "attention.head_count_kv", heads.keys())
                .f32(prefix + "attention.layer_norm_rms_epsilon", (float) normEpsilon)
                .f32(prefix + "rope.freq_base", (float) ropeBase)
                .u32(prefix + "rope.dimension_count", headWidth)
                .u32(prefix + "vocab_size", vocabulary);
        window.ifPresent(tokens -> out.u32(prefix + "attention.sliding_window", tokens));
        if (hasOwnHeadWidth) {
            out.u32(prefix + "attention.key_length", headWidth).u32(prefix + "attention.value_length", headWidth);
        }
        if (ropeScaling instanceof RopeScaling.Linear linear) {
            out.text(prefix + "rope.scaling.type", "linear")
                    .f32(prefix + "rope.scaling.factor", (float) linear.factor());
        } else if (family == ModelFamily.BITNET) { // as its converter writes it: no scaling
            out.text(prefix + "rope.scaling.type", "linear").f32(prefix + "rope.scaling.factor", 1);
        }
    }
}
