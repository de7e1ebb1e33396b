package dev.fedlora.lora.train;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.EncodedExample;
import dev.fedlora.lora.model.BertModel;
import dev.fedlora.lora.model.TinyBert;
import dev.fedlora.lora.tensor.MatrixBackends;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A task that a tiny BERT can learn: the label is told by which of three tokens a text holds more of. */
final class TinyTask {
    static final List<String> LABELS = List.of("a", "b", "c");
    static final BertModel MODEL = TinyBert.small(1).model;

    private TinyTask() {}

    static WorkerPool pool(int threads) {
        return new WorkerPool(MODEL, MatrixBackends.select("reference"), threads);
    }

    static LoraAdapter adapter() {
        return MODEL.newAdapter(new AdapterSpec(2, 4, List.of("attn_q", "attn_v")), LABELS, 3);
    }

    static List<EncodedExample> examples(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<EncodedExample> examples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int label = random.nextInt(3);
            int[] tokens = random.ints(random.nextInt(3, 9), 0, 11).toArray();
            for (int t = 0; t < tokens.length; t++) {
                tokens[t] = random.nextInt(3) > 0 ? label : tokens[t];
            }
            examples.add(new EncodedExample(tokens, label, null));
        }
        return examples;
    }

    static LoraTrainer trainer(WorkerPool pool, List<EncodedExample> examples) {
        return new LoraTrainer(pool, adapter(), examples, examples);
    }

    /** Noise that can be told apart from gradients: nothing at all. */
    static PrivateRandomness everyoneWithoutNoise() {
        return new SeededRandomness(0, 0);
    }

    /** Not random enough to protect anybody; the same for the same seed. */
    static final class SeededRandomness implements PrivateRandomness {
        final List<Long> sigmas = new ArrayList<>();
        private final SplittableRandom random;
        private final double noise;

        /** @param noise standard deviation in units of sigma; 0 also draws everyone */
        SeededRandomness(long seed, double noise) {
            this.random = new SplittableRandom(seed);
            this.noise = noise;
        }

        @Override
        public int[] poissonSample(int population, double rate) {
            return java.util.stream.IntStream.range(0, population)
                    .filter(i -> noise == 0 || random.nextDouble() < rate)
                    .toArray();
        }

        @Override
        public void addDiscreteGaussian(long[] values, long sigma) {
            sigmas.add(sigma);
            for (int i = 0; i < values.length; i++) {
                values[i] += Math.round(noise * sigma * random.nextGaussian());
            }
        }
    }
}
