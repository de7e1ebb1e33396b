package dev.fedlora.client.testing;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.data.PromptExample;
import dev.fedlora.lora.gguf.GgufValue;
import dev.fedlora.lora.gguf.GgufValueType;
import dev.fedlora.lora.gguf.GgufWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** A Llama of random weights that reads letters, in a GGUF file of a few kilobytes, and questions that it can learn to answer. */
public final class TinyLlamaFile {
    /** Every linear layer of a block. */
    public static final AdapterSpec ADAPTER = new AdapterSpec(
            4, 8, List.of("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"));

    private static final int WIDTH = 16;
    private static final int HEADS = 4;
    private static final int KEY_HEADS = 2;
    private static final int FEED_FORWARD = 24;
    private static final int CONTEXT = 48;
    private static final List<List<String>> ANSWERS =
            List.of(List.of("sky", "blue"), List.of("snow", "white"), List.of("coal", "black"), List.of("rose", "red"));

    private TinyLlamaFile() {}

    /** Writes the model with weights from {@code seed}. */
    public static Path write(Path file, long seed) throws IOException {
        GgufWriter out = vocabulary()
                .text("general.architecture", "llama")
                .u32("llama.block_count", 1)
                .u32("llama.context_length", CONTEXT)
                .u32("llama.embedding_length", WIDTH)
                .u32("llama.feed_forward_length", FEED_FORWARD)
                .u32("llama.attention.head_count", HEADS)
                .u32("llama.attention.head_count_kv", KEY_HEADS)
                .f32("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .u32("llama.rope.dimension_count", WIDTH / HEADS);
        SplittableRandom random = new SplittableRandom(seed);
        int keyWidth = WIDTH / HEADS * KEY_HEADS;
        matrix(out, random, "token_embd", WIDTH, tokens().size());
        norm(out, "output_norm");
        norm(out, "blk.0.attn_norm");
        norm(out, "blk.0.ffn_norm");
        matrix(out, random, "blk.0.attn_q", WIDTH, WIDTH);
        matrix(out, random, "blk.0.attn_k", WIDTH, keyWidth);
        matrix(out, random, "blk.0.attn_v", WIDTH, keyWidth);
        matrix(out, random, "blk.0.attn_output", WIDTH, WIDTH);
        matrix(out, random, "blk.0.ffn_gate", WIDTH, FEED_FORWARD);
        matrix(out, random, "blk.0.ffn_up", WIDTH, FEED_FORWARD);
        matrix(out, random, "blk.0.ffn_down", FEED_FORWARD, WIDTH);
        out.write(file);
        return file;
    }

    private static List<String> tokens() {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        for (int value = 0; value < 256; value++) {
            tokens.add("<0x%02X>".formatted(value));
        }
        tokens.add("\u2581");
        for (char letter = 'a'; letter <= 'z'; letter++) {
            tokens.add(String.valueOf(letter));
        }
        return tokens;
    }

    /** SentencePiece's: unknown 0, begin 1, end 2, the 256 bytes, then pieces of falling scores. */
    private static GgufWriter vocabulary() {
        List<String> tokens = tokens();
        int[] types = new int[tokens.size()];
        ByteBuffer scores = ByteBuffer.allocate(4 * tokens.size()).order(ByteOrder.LITTLE_ENDIAN);
        for (int id = 0; id < types.length; id++) {
            types[id] = id == 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1;
            scores.putFloat(-id);
        }
        return new GgufWriter()
                .text("tokenizer.ggml.model", "llama")
                .texts("tokenizer.ggml.tokens", tokens)
                .put("tokenizer.ggml.scores", new GgufValue.Numbers(GgufValueType.F32, scores.flip()))
                .i32s("tokenizer.ggml.token_type", types)
                .u32("tokenizer.ggml.bos_token_id", 1)
                .u32("tokenizer.ggml.eos_token_id", 2);
    }

    private static void norm(GgufWriter out, String name) {
        float[] ones = new float[WIDTH];
        Arrays.fill(ones, 1);
        out.tensor(name + ".weight", List.of((long) WIDTH), ones);
    }

    private static void matrix(GgufWriter out, SplittableRandom random, String name, int inputs, int outputs) {
        float[] values = new float[inputs * outputs];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() / Math.sqrt(inputs));
        }
        out.tensor(name + ".weight", List.of((long) inputs, (long) outputs), values);
    }

    /** Returns questions of one client about colours, each with its answer; two on end are of one group. */
    public static List<PromptExample> prompts(String client, int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<PromptExample> prompts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            List<String> pair = ANSWERS.get(random.nextInt(ANSWERS.size()));
            prompts.add(new PromptExample(client, "colour of " + pair.get(0), pair.get(1), client + "-" + i / 2, null));
        }
        return prompts;
    }

    /** Writes prompts as JSONL. */
    public static Path writeJsonl(Path file, List<PromptExample> prompts) throws IOException {
        List<String> lines = new ArrayList<>();
        for (PromptExample each : prompts) {
            lines.add("{\"client\": \"%s\", \"prompt\": \"%s\", \"response\": \"%s\", \"group\": \"%s\"}"
                    .formatted(each.client(), each.prompt(), each.response(), each.group()));
        }
        return Files.write(file, lines);
    }
}
