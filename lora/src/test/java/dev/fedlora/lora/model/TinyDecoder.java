package dev.fedlora.lora.model;

import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;

/** Decoders of random weights, small enough for central differences over every parameter of an adapter. */
public enum TinyDecoder {
    /** Shared key heads and an output layer of its own. */
    LLAMA("llama"),
    /** Frequency factors, biases everywhere, the token table as output layer. */
    LLAMA3("llama"),
    LLAMA_LINEAR("llama"),
    LLAMA_YARN("llama"),
    QWEN2("qwen2"),
    /** Heads that are wider than the model divided by their number. */
    QWEN3("qwen3"),
    BITNET("bitnet");

    static final int BLOCKS = 2;
    static final int WIDTH = 16;
    static final int HEADS = 4;
    static final int KEY_HEADS = 2;
    static final int FEED_FORWARD = 10;
    static final int VOCABULARY = 13;
    static final int CONTEXT = 64;
    static final float BASE = 500; // so that all pairs turn visibly within a dozen positions
    static final float EPSILON = 1e-5f;
    static final float STRETCH = 4;
    static final int ORIGINAL_CONTEXT = 16;

    final String architecture;

    TinyDecoder(String architecture) {
        this.architecture = architecture;
    }

    int headWidth() {
        return this == QWEN3 ? 6 : WIDTH / HEADS;
    }

    boolean isTied() {
        return this == LLAMA3 || this == QWEN2 || this == BITNET;
    }

    boolean hasBias(String layer) {
        return this == LLAMA3
                || this == QWEN2 && List.of("attn_q", "attn_k", "attn_v").contains(layer);
    }

    /** Returns the layers of a block with their outputs and inputs. */
    List<LinearLayer> layers() {
        int query = HEADS * headWidth();
        int key = KEY_HEADS * headWidth();
        return List.of(
                new LinearLayer("attn_q", query, WIDTH),
                new LinearLayer("attn_k", key, WIDTH),
                new LinearLayer("attn_v", key, WIDTH),
                new LinearLayer("attn_output", WIDTH, query),
                new LinearLayer("ffn_gate", FEED_FORWARD, WIDTH),
                new LinearLayer("ffn_up", FEED_FORWARD, WIDTH),
                new LinearLayer("ffn_down", WIDTH, FEED_FORWARD));
    }

    /** Writes the model into {@code folder} and opens it. */
    public GgufFile write(Path folder) {
        try {
            Path file = folder.resolve(name() + ".gguf");
            writer().write(file);
            return GgufFile.open(file);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** Returns the whole model, for tests that change it before they write it. */
    GgufWriter writer() {
        GgufWriter out = metadata();
        SplittableRandom random = new SplittableRandom(ordinal() + 1);
        add(out, random, "token_embd.weight", List.of(WIDTH, VOCABULARY), 1, 0);
        add(out, random, "output_norm.weight", List.of(WIDTH), 0.3, 1);
        if (!isTied()) {
            add(out, random, "output.weight", List.of(WIDTH, VOCABULARY), 0.5, 0);
        }
        if (this == LLAMA3) {
            add(out, random, "rope_freqs.weight", List.of(headWidth() / 2), 0.3, 2);
        }
        for (int block = 0; block < BLOCKS; block++) {
            String prefix = "blk." + block + ".";
            for (LinearLayer layer : layers()) {
                addLayer(out, random, prefix, layer);
            }
            add(out, random, prefix + "attn_norm.weight", List.of(WIDTH), 0.3, 1);
            add(out, random, prefix + "ffn_norm.weight", List.of(WIDTH), 0.3, 1);
            if (this == QWEN3) {
                add(out, random, prefix + "attn_q_norm.weight", List.of(headWidth()), 0.3, 1);
                add(out, random, prefix + "attn_k_norm.weight", List.of(headWidth()), 0.3, 1);
            }
            if (this == BITNET) {
                add(out, random, prefix + "attn_sub_norm.weight", List.of(WIDTH), 0.3, 1);
                add(out, random, prefix + "ffn_sub_norm.weight", List.of(FEED_FORWARD), 0.3, 1);
            }
        }
        return out;
    }

    private void addLayer(GgufWriter out, SplittableRandom random, String prefix, LinearLayer layer) {
        // of the size that keeps activations near 1, so that attention and gates are far from linear
        double size = 1.2 / Math.sqrt(layer.inputs());
        add(out, random, prefix + layer.name() + ".weight", List.of(layer.inputs(), layer.outputs()), size, 0);
        if (hasBias(layer.name())) {
            add(out, random, prefix + layer.name() + ".bias", List.of(layer.outputs()), 0.3, 0);
        }
        if (this == BITNET) {
            add(out, random, prefix + layer.name() + ".scale", List.of(1), 0.1, 1.2);
        }
    }

    private GgufWriter metadata() {
        String prefix = architecture + ".";
        GgufWriter out = new GgufWriter()
                .text("general.architecture", architecture)
                .text("general.name", name())
                .u32(prefix + "context_length", CONTEXT)
                .u32(prefix + "embedding_length", WIDTH)
                .u32(prefix + "block_count", BLOCKS)
                .u32(prefix + "feed_forward_length", FEED_FORWARD)
                .u32(prefix + "attention.head_count", HEADS)
                .u32(prefix + "attention.head_count_kv", KEY_HEADS)
                .f32(prefix + "attention.layer_norm_rms_epsilon", EPSILON)
                .f32(prefix + "rope.freq_base", BASE)
                .u32(prefix + "vocab_size", VOCABULARY)
                .text("tokenizer.ggml.model", "none");
        if (this == QWEN3) {
            out.u32(prefix + "attention.key_length", headWidth()).u32(prefix + "attention.value_length", headWidth());
        }
        if (this == LLAMA_LINEAR || this == LLAMA_YARN) {
            out.text(prefix + "rope.scaling.type", this == LLAMA_YARN ? "yarn" : "linear")
                    .f32(prefix + "rope.scaling.factor", STRETCH);
        }
        if (this == LLAMA_YARN) {
            out.u32(prefix + "rope.scaling.original_context_length", ORIGINAL_CONTEXT);
        }
        return out;
    }

    private static void add(
            GgufWriter out,
            SplittableRandom random,
            String name,
            List<Integer> dimensions,
            double size,
            double centre) {
        float[] values = new float[dimensions.stream().reduce(1, Math::multiplyExact)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (centre + size * Math.max(-3, Math.min(3, random.nextGaussian())));
        }
        out.tensor(name, dimensions.stream().map(Integer::longValue).toList(), values);
    }
}
