package dev.fedlora.benchmarks.training;

import dev.fedlora.lora.gguf.GgufWriter;
import dev.fedlora.lora.quant.QuantizationType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Writes a Llama model of random weights: matrices in Q4_0 with a standard deviation of about 0.02, norms of ones. It has
 * no vocabulary: it is trained on token numbers.
 */
public final class RandomModel {
    /** Nibbles 0 to 15 minus 8 have a standard deviation of 4.61; 0.0043 of that is 0.02, as models are initialised. */
    private static final short SCALE = (short) 0x1c67; // 0.0043 as binary16

    private RandomModel() {}

    /**
     * Writes the model; the same seed gives the same bytes.
     *
     * @throws IOException when the file cannot be written; what stood there is unchanged then
     */
    public static void write(ModelShape shape, long seed, Path file) throws IOException {
        GgufWriter writer = new GgufWriter()
                .text("general.architecture", "llama")
                .text("general.name", shape.label() + ", random weights")
                .u32("llama.block_count", shape.blocks)
                .u32("llama.context_length", shape.context)
                .u32("llama.embedding_length", shape.width)
                .u32("llama.feed_forward_length", shape.feedForward)
                .u32("llama.attention.head_count", shape.heads)
                .u32("llama.attention.head_count_kv", shape.keyHeads)
                .f32("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .u32("llama.rope.dimension_count", shape.width / shape.heads)
                .u32("llama.vocab_size", shape.vocabulary);
        SplittableRandom random = new SplittableRandom(seed);
        int width = shape.width;
        int keyWidth = width / shape.heads * shape.keyHeads;
        matrix(writer, "token_embd", shape.vocabulary, width, random.split());
        if (!shape.tied) {
            matrix(writer, "output", shape.vocabulary, width, random.split());
        }
        norm(writer, "output_norm", width);
        for (int block = 0; block < shape.blocks; block++) {
            String name = "blk." + block + ".";
            norm(writer, name + "attn_norm", width);
            matrix(writer, name + "attn_q", width, width, random.split());
            matrix(writer, name + "attn_k", keyWidth, width, random.split());
            matrix(writer, name + "attn_v", keyWidth, width, random.split());
            matrix(writer, name + "attn_output", width, width, random.split());
            norm(writer, name + "ffn_norm", width);
            matrix(writer, name + "ffn_gate", shape.feedForward, width, random.split());
            matrix(writer, name + "ffn_up", shape.feedForward, width, random.split());
            matrix(writer, name + "ffn_down", width, shape.feedForward, random.split());
        }
        writer.write(file);
    }

    private static void norm(GgufWriter writer, String name, int width) {
        float[] ones = new float[width];
        Arrays.fill(ones, 1);
        writer.tensor(name + ".weight", List.of((long) width), ones);
    }

    private static void matrix(GgufWriter writer, String name, int rows, int columns, SplittableRandom random) {
        long bytes = QuantizationType.Q4_0.bytes((long) rows * columns);
        writer.tensor(name + ".weight", QuantizationType.Q4_0, List.of((long) columns, (long) rows), () -> {
            ByteBuffer blocks = ByteBuffer.allocate(Math.toIntExact(bytes)).order(ByteOrder.LITTLE_ENDIAN);
            while (blocks.hasRemaining()) {
                // a block of Q4_0: the scale and 32 nibbles
                blocks.putShort(SCALE).putLong(random.nextLong()).putLong(random.nextLong());
            }
            return blocks.flip();
        });
    }
}
