package dev.fedlora.lora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.tensor.MatrixBackends;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DecoderGradientTest {
    private static final List<String> ALL =
            List.of("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down");
    private static final List<int[]> TEXTS =
            List.of(new int[] {1, 2, 3, 4, 5, 6, 7}, new int[] {9, 1}, new int[] {9, 2, 10, 0, 12});
    private static final float[] WEIGHTS = {0.5f, 1, 0.25f};
    /**
     * Largest distance of a tensor's gradient g from the oracle's o, as |g - o| / |o| in the Euclidean norm. Activations
     * are kept in float, so about 2^-24 times the few dozen operations on a path.
     */
    private static final double TOLERANCE = 1e-5;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource
    void logits_adapter_equalTheNaivePass(TinyDecoder tiny) {
        GgufFile file = tiny.write(folder);
        BaseModel model = BaseModels.of(file);
        LoraAdapter adapter = randomAdapter(model, ALL, 1);
        NaiveDecoder naive = new NaiveDecoder(tiny, file, adapter);
        try (NextTokenModel next = open(model, ActivationPolicy.KEEP)) {
            double[][] expected = naive.logits(TEXTS.get(0));
            float[] actual = next.logits(TEXTS.get(0), model.bind(adapter));
            for (int t = 0; t < expected.length; t++) {
                for (int i = 0; i < expected[t].length; i++) {
                    // logits of about 5, a few dozen roundings
                    assertThat((double) actual[t * expected[t].length + i]).isCloseTo(expected[t][i], within(2e-5));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void addGradient_allTargets_equalsCentralDifferences(TinyDecoder tiny) {
        check(tiny, ALL, 0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"})
    void addGradient_oneTarget_equalsCentralDifferences(String target) {
        check(TinyDecoder.BITNET, List.of(target), 0);
        check(TinyDecoder.QWEN3, List.of(target), 0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"})
    void addGradient_upperBlockAlone_equalsCentralDifferences(String target) {
        check(TinyDecoder.BITNET, List.of(target), 1);
        check(TinyDecoder.LLAMA3, List.of(target), 1);
    }

    private void check(TinyDecoder tiny, List<String> targets, int lowestFactors) {
        GgufFile file = tiny.write(folder);
        BaseModel model = BaseModels.of(file);
        LoraAdapter both = randomAdapter(model, targets, 2);
        LoraAdapter adapter = new LoraAdapter(
                both.architecture(),
                both.baseSha256(),
                both.spec(),
                both.factors().subList(lowestFactors, both.factors().size()),
                null);
        double[] expected = new NaiveDecoder(tiny, file, adapter).gradient(TEXTS, WEIGHTS);
        LanguageBatch batch = batch(TEXTS, WEIGHTS);
        for (ActivationPolicy policy : ActivationPolicy.values()) {
            float[] actual = gradients(model, policy, adapter, batch, Segments.whole(batch.tokens()), 1)
                    .values(0);
            assertClose(adapter, actual, expected);
        }
    }

    @ParameterizedTest
    @EnumSource
    void addGradient_recomputing_isTheSameToTheBit(TinyDecoder tiny) {
        BaseModel model = BaseModels.of(tiny.write(folder));
        LoraAdapter adapter = randomAdapter(model, ALL, 3);
        LanguageBatch batch = batch(TEXTS, WEIGHTS);
        Segments each = Segments.of(batch.tokens(), new int[] {0, 1, 2});
        AdapterGradients kept = gradients(model, ActivationPolicy.KEEP, adapter, batch, each, 3);
        AdapterGradients recomputed = gradients(model, ActivationPolicy.RECOMPUTE, adapter, batch, each, 3);
        for (int k = 0; k < 3; k++) {
            assertThat(recomputed.values(k)).isEqualTo(kept.values(k));
        }
    }

    @Test
    void addGradient_segments_giveEachTextsGradient() {
        GgufFile file = TinyDecoder.LLAMA.write(folder);
        BaseModel model = BaseModels.of(file);
        LoraAdapter adapter = randomAdapter(model, ALL, 4);
        LanguageBatch batch = batch(TEXTS, WEIGHTS);
        int[] accumulators = {2, 0, 1};
        AdapterGradients gradients =
                gradients(model, ActivationPolicy.KEEP, adapter, batch, Segments.of(batch.tokens(), accumulators), 3);
        for (int s = 0; s < TEXTS.size(); s++) {
            double[] expected = new NaiveDecoder(TinyDecoder.LLAMA, file, adapter)
                    .gradient(TEXTS.subList(s, s + 1), new float[] {WEIGHTS[s]});
            assertClose(adapter, gradients.values(accumulators[s]), expected);
        }
    }

    @Test
    void addGradient_afterALargerBatch_isTheSameToTheBit() {
        BaseModel model = BaseModels.of(TinyDecoder.QWEN3.write(folder));
        LoraAdapter adapter = randomAdapter(model, ALL, 5);
        LanguageBatch small = batch(TEXTS, WEIGHTS);
        LanguageBatch large = batch(List.of(new int[30], new int[20]), new float[] {1, 1});
        float[] fresh = gradients(model, ActivationPolicy.KEEP, adapter, small, Segments.whole(small.tokens()), 1)
                .values(0);
        for (ActivationPolicy policy : ActivationPolicy.values()) {
            try (NextTokenModel used = open(model, policy)) {
                AdapterGradients gradients = new AdapterGradients(adapter.parameterCount());
                gradients.reset(1);
                used.addGradient(large, model.bind(adapter), Segments.whole(large.tokens()), gradients);
                gradients.reset(1);
                used.addGradient(small, model.bind(adapter), Segments.whole(small.tokens()), gradients);
                assertThat(gradients.values(0)).isEqualTo(fresh);
            }
        }
    }

    @Test
    void addGradient_someTokensLearned_countsThoseAlone() {
        GgufFile file = TinyDecoder.LLAMA.write(folder);
        BaseModel model = BaseModels.of(file);
        LoraAdapter adapter = randomAdapter(model, ALL, 6);
        int[] text = TEXTS.get(0);
        boolean[] learned = {false, false, false, true, false, true, true};
        LanguageBatch some = LanguageBatch.of(List.of(text), List.of(learned), new float[] {1});
        LanguageBatch all = batch(List.of(text), new float[] {1});
        try (NextTokenModel next = open(model, ActivationPolicy.KEEP)) {
            double[] each = next.losses(all, model.bind(adapter));
            assertThat(next.losses(some, model.bind(adapter))).containsExactly(each[2], each[4], each[5]);
            AdapterGradients gradients = new AdapterGradients(adapter.parameterCount());
            gradients.reset(1);
            double loss = next.addGradient(some, model.bind(adapter), Segments.whole(some.tokens()), gradients);
            assertThat(loss).isCloseTo(each[2] + each[4] + each[5], within(1e-12));
        }
    }

    /** The sum over masks is the plain gradient only where the loss is linear, so dropout has its own oracle: itself. */
    @ParameterizedTest
    @EnumSource(names = {"LLAMA", "BITNET"})
    void addGradient_dropout_equalsCentralDifferencesOfTheSameMask(TinyDecoder tiny) {
        BaseModel model = BaseModels.of(tiny.write(folder));
        LoraAdapter adapter = randomAdapter(model, ALL, 7);
        LanguageBatch batch = batch(TEXTS, WEIGHTS);
        SplittableRandom random = new SplittableRandom(8);
        float[] direction = new float[adapter.parameterCount()];
        for (int i = 0; i < direction.length; i++) {
            direction[i] = (float) random.nextGaussian();
        }
        for (ActivationPolicy policy : ActivationPolicy.values()) {
            try (NextTokenModel next = open(model, policy)) {
                next.setDropout(new Dropout(0.3f, 99, 5));
                AdapterGradients gradients = new AdapterGradients(adapter.parameterCount());
                gradients.reset(1);
                next.addGradient(batch, model.bind(adapter), Segments.whole(batch.tokens()), gradients);
                double slope = 0;
                for (int i = 0; i < direction.length; i++) {
                    slope += (double) direction[i] * gradients.values(0)[i];
                }
                float step = 1e-3f;
                double above = lossAt(next, model, moved(adapter, direction, step), batch);
                double below = lossAt(next, model, moved(adapter, direction, -step), batch);
                // roundings of 1e-6 in the loss over twice the step, and the curvature's change over it
                assertThat(slope).isCloseTo((above - below) / (2 * step), within(2e-3 * Math.abs(slope) + 2e-3));
            }
        }
    }

    @Test
    void losses_dropout_areTheSameHoweverTheBatchIsSplit() {
        BaseModel model = BaseModels.of(TinyDecoder.LLAMA.write(folder));
        BoundAdapter adapter = model.bind(randomAdapter(model, ALL, 9));
        try (NextTokenModel next = open(model, ActivationPolicy.KEEP)) {
            next.setDropout(new Dropout(0.5f, 3, 0));
            double[] whole = next.losses(batch(TEXTS, WEIGHTS), adapter);
            next.setDropout(new Dropout(0.5f, 3, 2));
            double[] last = next.losses(batch(TEXTS.subList(2, 3), new float[] {1}), adapter);
            assertThat(last).isEqualTo(Arrays.copyOfRange(whole, whole.length - 4, whole.length));
            next.setDropout(new Dropout(0.5f, 4, 2));
            assertThat(next.losses(batch(TEXTS.subList(2, 3), new float[] {1}), adapter))
                    .isNotEqualTo(last);
            next.setDropout(Dropout.NONE);
            assertThat(next.losses(batch(TEXTS.subList(2, 3), new float[] {1}), null))
                    .isNotEqualTo(last);
        }
    }

    @ParameterizedTest
    @EnumSource
    void passBytes_firstBatch_areThoseThatAreAllocated(TinyDecoder tiny) {
        BaseModel model = BaseModels.of(tiny.write(folder));
        LoraAdapter adapter = randomAdapter(model, ALL, 10);
        LanguageBatch batch = batch(TEXTS, WEIGHTS);
        for (ActivationPolicy policy : ActivationPolicy.values()) {
            try (ForwardPass pass =
                    model.open(MatrixBackends.select("reference").open(), policy)) {
                float[] hidden = pass.forward(batch.tokens(), model.bind(adapter), true);
                AdapterGradients gradients = new AdapterGradients(adapter.parameterCount());
                gradients.reset(1);
                pass.backward(hidden.clone(), Segments.whole(batch.tokens()), gradients);
                assertThat(pass.allocatedBytes())
                        .isEqualTo(model.passBytes(batch.tokens().rows(), 2, policy));
            }
        }
        assertThat(model.passBytes(100, 8, ActivationPolicy.RECOMPUTE))
                .isLessThan(model.passBytes(100, 8, ActivationPolicy.KEEP));
    }

    @Test
    void backward_twice_isRefused() {
        BaseModel model = BaseModels.of(TinyDecoder.LLAMA.write(folder));
        LoraAdapter adapter = randomAdapter(model, ALL, 11);
        TokenBatch batch = TokenBatch.of(TEXTS);
        AdapterGradients gradients = new AdapterGradients(adapter.parameterCount());
        gradients.reset(1);
        try (ForwardPass pass = model.open(MatrixBackends.select("reference").open())) {
            float[] hidden = pass.forward(batch, model.bind(adapter), true).clone();
            pass.backward(hidden, Segments.whole(batch), gradients);
            assertThatThrownBy(() -> pass.backward(hidden, Segments.whole(batch), gradients))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    private static LoraAdapter moved(LoraAdapter adapter, float[] direction, float step) {
        LoraAdapter moved = adapter.copy();
        float[] all = moved.parameters();
        for (int i = 0; i < all.length; i++) {
            all[i] += step * direction[i];
        }
        moved.setParameters(all);
        return moved;
    }

    private static double lossAt(NextTokenModel next, BaseModel model, LoraAdapter adapter, LanguageBatch batch) {
        double[] losses = next.losses(batch, model.bind(adapter));
        double sum = 0;
        for (int i = 0; i < losses.length; i++) {
            sum += batch.weights()[i] * losses[i];
        }
        return sum;
    }

    private static AdapterGradients gradients(
            BaseModel model,
            ActivationPolicy policy,
            LoraAdapter adapter,
            LanguageBatch batch,
            Segments segments,
            int accumulators) {
        AdapterGradients gradients = new AdapterGradients(adapter.parameterCount());
        gradients.reset(accumulators);
        try (NextTokenModel next = open(model, policy)) {
            next.addGradient(batch, model.bind(adapter), segments, gradients);
        }
        return gradients;
    }

    private static NextTokenModel open(BaseModel model, ActivationPolicy policy) {
        return new NextTokenModel(model.open(MatrixBackends.select("reference").open(), policy));
    }

    private static LanguageBatch batch(List<int[]> texts, float[] weights) {
        List<boolean[]> learned = new ArrayList<>();
        for (int[] text : texts) {
            boolean[] flags = new boolean[text.length];
            Arrays.fill(flags, 1, flags.length, true);
            learned.add(flags);
        }
        return LanguageBatch.of(texts, learned, weights);
    }

    /** An adapter in the middle of training: B is not zero. */
    private static LoraAdapter randomAdapter(BaseModel model, List<String> targets, long seed) {
        LoraAdapter adapter = model.newAdapter(new AdapterSpec(2, 3, targets), List.of(), seed);
        SplittableRandom random = new SplittableRandom(seed);
        float[] all = adapter.parameters();
        for (int i = 0; i < all.length; i++) {
            all[i] = (float) (0.2 * random.nextGaussian());
        }
        adapter.setParameters(all);
        return adapter;
    }

    /** Compares tensor by tensor, so that a small one cannot hide behind a large one. */
    private static void assertClose(LoraAdapter adapter, float[] actual, double[] expected) {
        int from = 0;
        for (LoraFactors factors : adapter.factors()) {
            from = assertTensor(factors.tensor() + ".a", actual, expected, from, factors.a().length);
            from = assertTensor(factors.tensor() + ".b", actual, expected, from, factors.b().length);
        }
    }

    private static int assertTensor(String name, float[] actual, double[] expected, int from, int length) {
        double distance = 0;
        double norm = 0;
        for (int i = from; i < from + length; i++) {
            distance += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            norm += expected[i] * expected[i];
        }
        assertThat(Math.sqrt(distance)).as(name).isLessThan(TOLERANCE * Math.sqrt(norm) + 1e-7);
        return from + length;
    }
}
