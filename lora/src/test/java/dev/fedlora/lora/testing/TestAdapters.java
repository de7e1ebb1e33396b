package dev.fedlora.lora.testing;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.LoraScaling;
import dev.fedlora.testkit.Property;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Random adapters of valid shapes. */
public final class TestAdapters {
    public static final String BASE = "0123456789abcdef".repeat(4);

    private TestAdapters() {}

    /** Returns an adapter over a random choice of BERT's layers, with a head in half of all cases. */
    public static LoraAdapter random(SplittableRandom random) {
        int hidden = random.nextInt(1, 9);
        int rank = random.nextInt(1, 5);
        List<String> all = List.of("attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down");
        List<String> targets = all.subList(0, random.nextInt(1, all.size() + 1));
        List<LoraFactors> factors = new ArrayList<>();
        for (int layer = 0; layer < random.nextInt(1, 13); layer++) {
            for (String target : targets) {
                int inputs = target.equals("ffn_down") ? 2 * hidden : hidden;
                int outputs = target.equals("ffn_up") ? 2 * hidden : hidden;
                factors.add(new LoraFactors(
                        "blk." + layer + "." + target + ".weight",
                        rank,
                        inputs,
                        outputs,
                        Property.floats(random, rank * inputs),
                        Property.floats(random, outputs * rank)));
            }
        }
        AdapterSpec spec = new AdapterSpec(rank, random.nextInt(1, 100) / 4f, targets);
        return new LoraAdapter("bert", BASE, spec, factors, random.nextBoolean() ? head(random, hidden) : null);
    }

    /** Returns a random adapter whose ranks and alphas differ from tensor to tensor, rank-stabilized in half of all cases. */
    public static LoraAdapter patterned(SplittableRandom random) {
        LoraAdapter plain = random(random);
        Map<String, Integer> ranks = new HashMap<>();
        Map<String, Float> alphas = new HashMap<>();
        String target = plain.spec().targets().get(0);
        ranks.put(target, random.nextInt(1, 5));
        alphas.put(target, random.nextInt(1, 100) / 8f);
        plain.factors().stream().filter(f -> random.nextInt(3) == 0).forEach(f -> {
            ranks.put(f.tensor(), random.nextInt(1, 5));
            alphas.put(f.tensor(), random.nextInt(1, 100) / 8f);
        });
        AdapterSpec spec = new AdapterSpec(
                plain.spec().rank(),
                plain.spec().alpha(),
                plain.spec().targets(),
                random.nextBoolean() ? LoraScaling.RANK_STABILIZED : LoraScaling.STANDARD,
                ranks,
                alphas);
        List<LoraFactors> factors = new ArrayList<>();
        for (LoraFactors f : plain.factors()) {
            int rank = spec.rank(f.tensor());
            factors.add(new LoraFactors(
                    f.tensor(),
                    rank,
                    f.inputs(),
                    f.outputs(),
                    Property.floats(random, rank * f.inputs()),
                    Property.floats(random, f.outputs() * rank)));
        }
        return new LoraAdapter(plain.architecture(), plain.baseSha256(), spec, factors, plain.head());
    }

    private static ClassifierHead head(SplittableRandom random, int inputs) {
        List<String> labels = List.of("a", "\"quoted\"", "Grüße\n", "");
        return new ClassifierHead(
                labels,
                inputs,
                Property.floats(random, labels.size() * inputs),
                Property.floats(random, labels.size()));
    }
}
