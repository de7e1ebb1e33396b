package dev.fedlora.lora.testing;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufWriter;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.Quantizer;
import dev.fedlora.testkit.Property;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A GGUF file with queries and values of two blocks, 64 × 32 and 32 × 32, and adapters for it. */
public final class SmallLlama {
    public static final int INPUTS = 32;

    private SmallLlama() {}

    /** Writes the model with its matrices stored as {@code type}. */
    public static GgufFile write(Path file, QuantizationType type) throws IOException {
        SplittableRandom random = new SplittableRandom(4);
        GgufWriter out = new GgufWriter()
                .text("general.architecture", "llama")
                .u32("general.file_type", 7)
                .u32("llama.attention.head_count", 4)
                .u32("llama.attention.head_count_kv", 2)
                .texts("tokenizer.ggml.tokens", List.of("a", "b"))
                .i32s("tokenizer.ggml.token_type", new int[] {1, 1});
        for (int block = 0; block < 2; block++) {
            for (String target : List.of("attn_q", "attn_v")) {
                String name = "blk." + block + "." + target + ".weight";
                float[] values = Property.floats(random, INPUTS * outputs(target));
                for (int i = 0; i < values.length; i++) {
                    values[i] = Math.max(-8, Math.min(8, values[i]));
                }
                out.tensor(
                        name,
                        type,
                        List.of((long) INPUTS, (long) outputs(target)),
                        () -> Quantizer.matrix(name, type, outputs(target), INPUTS, values)
                                .blocks());
            }
            out.tensor("blk." + block + ".attn_norm.weight", List.of((long) INPUTS), new float[INPUTS]);
        }
        out.write(file);
        return GgufFile.open(file);
    }

    /** Returns an adapter of rank 3 for {@code base}, of values in ±0.5. */
    public static LoraAdapter adapter(GgufFile base) {
        SplittableRandom random = new SplittableRandom(5);
        List<LoraFactors> factors = new ArrayList<>();
        for (String target : List.of("attn_q", "attn_v")) {
            for (int block = 0; block < 2; block++) {
                factors.add(new LoraFactors(
                        "blk." + block + "." + target + ".weight",
                        3,
                        INPUTS,
                        outputs(target),
                        small(random, 3 * INPUTS),
                        small(random, 3 * outputs(target))));
            }
        }
        AdapterSpec spec = new AdapterSpec(3, 6, List.of("attn_q", "attn_v"));
        return new LoraAdapter("llama", base.sha256(), spec, factors, null);
    }

    private static int outputs(String target) {
        return target.equals("attn_q") ? 64 : 32;
    }

    private static float[] small(SplittableRandom random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextDouble(-0.5, 0.5);
        }
        return values;
    }
}
