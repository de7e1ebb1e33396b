package dev.fedlora.client.testing;

import dev.fedlora.lora.data.Example;
import dev.fedlora.lora.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A BERT of random weights in a GGUF file of a few kilobytes, and texts that even its random features tell apart. */
public final class TinyBertFile {
    /** The classes of {@link #examples}. */
    public static final List<String> LABELS = List.of("ask", "tell");

    private static final int WIDTH = 16;
    private static final int FEED_FORWARD = 24;
    private static final int CONTEXT = 32;
    private static final List<String> ASK = List.of("what", "when", "where", "who", "why", "how");
    private static final List<String> TELL = List.of("here", "there", "this", "that", "then", "thus");
    private static final List<String> BOTH = List.of("ward", "bed", "note", "dose", "chart", "nurse");

    private TinyBertFile() {}

    /** Writes the model with weights from {@code seed}. */
    public static Path write(Path file, long seed) throws IOException {
        List<String> tokens = new ArrayList<>(List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"));
        for (List<String> words : List.of(ASK, TELL, BOTH)) {
            words.forEach(word -> tokens.add("\u2581" + word));
        }
        GgufWriter out = new GgufWriter()
                .text("general.architecture", "bert")
                .u32("bert.block_count", 1)
                .u32("bert.context_length", CONTEXT)
                .u32("bert.embedding_length", WIDTH)
                .u32("bert.feed_forward_length", FEED_FORWARD)
                .u32("bert.attention.head_count", 2)
                .f32("bert.attention.layer_norm_epsilon", 1e-12f)
                .flag("bert.attention.causal", false)
                .text("tokenizer.ggml.model", "bert")
                .texts("tokenizer.ggml.tokens", tokens);
        SplittableRandom random = new SplittableRandom(seed);
        matrix(out, random, "token_embd.weight", WIDTH, tokens.size());
        matrix(out, random, "position_embd.weight", WIDTH, CONTEXT);
        matrix(out, random, "token_types.weight", WIDTH, 2);
        norm(out, "token_embd_norm");
        for (String layer : List.of("attn_q", "attn_k", "attn_v", "attn_output")) {
            linear(out, random, layer, WIDTH, WIDTH);
        }
        linear(out, random, "ffn_up", WIDTH, FEED_FORWARD);
        linear(out, random, "ffn_down", FEED_FORWARD, WIDTH);
        norm(out, "blk.0.attn_output_norm");
        norm(out, "blk.0.layer_output_norm");
        out.write(file);
        return file;
    }

    private static void linear(GgufWriter out, SplittableRandom random, String layer, int inputs, int outputs) {
        matrix(out, random, "blk.0." + layer + ".weight", inputs, outputs);
        out.tensor("blk.0." + layer + ".bias", List.of((long) outputs), new float[outputs]);
    }

    private static void norm(GgufWriter out, String name) {
        float[] ones = new float[WIDTH];
        java.util.Arrays.fill(ones, 1);
        out.tensor(name + ".weight", List.of((long) WIDTH), ones);
        out.tensor(name + ".bias", List.of((long) WIDTH), new float[WIDTH]);
    }

    private static void matrix(GgufWriter out, SplittableRandom random, String name, int inputs, int outputs) {
        float[] values = new float[inputs * outputs];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() / Math.sqrt(inputs));
        }
        out.tensor(name, List.of((long) inputs, (long) outputs), values);
    }

    /** Returns made-up texts of one client: questions and statements about wards. */
    public static List<Example> examples(String client, int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String label = LABELS.get(random.nextInt(2));
            List<String> own = label.equals("ask") ? ASK : TELL;
            List<String> words = new ArrayList<>();
            for (int w = 0; w < 6; w++) {
                List<String> from = w % 3 == 2 ? BOTH : own;
                words.add(from.get(random.nextInt(from.size())));
            }
            examples.add(new Example(client, String.join(" ", words), label, client + "-" + i / 2, null));
        }
        return examples;
    }

    /** Writes examples as JSONL. */
    public static Path writeJsonl(Path file, List<Example> examples) throws IOException {
        List<String> lines = new ArrayList<>();
        for (Example each : examples) {
            lines.add("{\"client\": \"%s\", \"text\": \"%s\", \"label\": \"%s\", \"group\": \"%s\"}"
                    .formatted(each.client(), each.text(), each.label(), each.group()));
        }
        return Files.write(file, lines);
    }
}
