package dev.fedlora.lora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.tensor.MatrixBackends;
import dev.fedlora.testkit.Property;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BertGradientTest {
    private static final List<String> LABELS = List.of("a", "b", "c");
    private static final List<String> ALL = List.of("attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down");
    /**
     * Largest distance of a tensor's gradient g from the oracle's o, as |g - o| / |o| in the Euclidean norm. Activations
     * are kept in float, so about 2^-24 times the few dozen operations on a path; measured 5e-7 at most.
     */
    private static final double TOLERANCE = 1e-5;

    private final TinyBert tiny = TinyBert.small(1);
    private final List<int[]> texts = List.of(new int[] {1, 2, 3, 4, 5}, new int[] {7}, new int[] {9, 2, 10});
    private final int[] labels = {2, 0, 1};
    private final float[] weights = {0.5f, 1, 0.25f};

    @ParameterizedTest
    @ValueSource(strings = {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"})
    void addGradient_oneTarget_equalsCentralDifferences(String target) {
        checkWhole(randomAdapter(List.of(target), 3));
    }

    @Test
    void addGradient_allTargets_equalsCentralDifferences() {
        checkWhole(randomAdapter(ALL, 4));
    }

    @ParameterizedTest
    @ValueSource(strings = {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"})
    void addGradient_upperBlockAlone_equalsCentralDifferences(String target) {
        LoraAdapter both = randomAdapter(List.of(target), 5);
        checkWhole(new LoraAdapter(
                both.architecture(),
                both.baseSha256(),
                both.spec(),
                both.factors().subList(1, 2),
                both.head()));
    }

    @Test
    void addGradient_segments_giveEachTextsGradient() {
        LoraAdapter adapter = randomAdapter(ALL, 6);
        TokenBatch batch = TokenBatch.of(texts);
        AdapterGradients gradients = gradients(adapter, batch, Segments.of(batch, new int[] {2, 0, 1}), 3);

        for (int s = 0; s < texts.size(); s++) {
            double[] expected = new NaiveBert(tiny, adapter)
                    .gradient(List.of(texts.get(s)), new int[] {labels[s]}, new float[] {weights[s]});
            assertClose(adapter, gradients.values(new int[] {2, 0, 1}[s]), expected);
        }
    }

    @Test
    void addGradient_segmentsOfAnyCut_sumToTheBatchGradient() {
        Property.forAll(20, random -> {
            List<int[]> some = new ArrayList<>();
            int[] someLabels = new int[random.nextInt(1, 6)];
            float[] someWeights = new float[someLabels.length];
            int[] accumulators = new int[someLabels.length];
            for (int s = 0; s < someLabels.length; s++) {
                some.add(random.ints(random.nextInt(1, 10), 0, 11).toArray());
                someLabels[s] = random.nextInt(3);
                someWeights[s] = random.nextInt(1, 5);
                accumulators[s] = random.nextInt(3);
            }
            LoraAdapter adapter = randomAdapter(ALL, random.nextLong());
            TokenBatch batch = TokenBatch.of(some);
            LabelledBatch labelled = new LabelledBatch(batch, someLabels, someWeights);
            AdapterGradients parts = gradients(adapter, labelled, Segments.of(batch, accumulators), 3);
            AdapterGradients whole = gradients(adapter, labelled, Segments.whole(batch), 1);

            double[] sum = new double[adapter.parameterCount()];
            Arrays.setAll(sum, i -> (double) parts.values(0)[i] + parts.values(1)[i] + parts.values(2)[i]);
            assertClose(adapter, whole.values(0), sum);
        });
    }

    @Test
    void logits_adapterAndRaggedBatch_equalTheNaivePass() {
        LoraAdapter adapter = randomAdapter(ALL, 7);
        NaiveBert naive = new NaiveBert(tiny, adapter);
        try (SequenceClassifier classifier = classifier()) {
            double[] logits = classifier.logits(TokenBatch.of(texts), tiny.model.bind(adapter));
            for (int s = 0; s < texts.size(); s++) {
                double[] expected = naive.logits(texts.get(s));
                for (int c = 0; c < 3; c++) {
                    assertThat(logits[s * 3 + c]).isCloseTo(expected[c], within(1e-5)); // values near 1 kept in float
                }
            }
        }
    }

    @Test
    void embed_baseModel_isThePooledStateAtLengthOne() {
        NaiveBert naive = new NaiveBert(tiny, tiny.model.newAdapter(new AdapterSpec(1, 1, ALL), LABELS, 0));
        double[] pooled = naive.pooled(texts.get(0));
        double length = Math.sqrt(Arrays.stream(pooled).map(x -> x * x).sum());
        try (SequenceClassifier classifier = classifier()) {
            float[] vector = classifier.embed(texts.get(0), null);
            for (int i = 0; i < vector.length; i++) {
                assertThat((double) vector[i]).isCloseTo(pooled[i] / length, within(1e-6));
            }
        }
    }

    @Test
    void addGradient_afterALargerBatch_isTheSameToTheBit() {
        LoraAdapter adapter = randomAdapter(ALL, 8);
        BoundAdapter bound = tiny.model.bind(adapter);
        TokenBatch batch = TokenBatch.of(texts);
        LabelledBatch small = new LabelledBatch(batch, labels, weights);
        TokenBatch longBatch = TokenBatch.of(List.of(new int[9], new int[9], new int[9]));
        float[] fresh = gradients(adapter, small, Segments.whole(batch), 1).values(0);
        try (SequenceClassifier used = classifier()) {
            AdapterGradients gradients = new AdapterGradients(adapter.parameterCount());
            gradients.reset(1);
            used.addGradient(
                    new LabelledBatch(longBatch, labels, weights), bound, Segments.whole(longBatch), gradients);
            gradients.reset(1);
            used.addGradient(small, bound, Segments.whole(batch), gradients);
            assertThat(gradients.values(0)).isEqualTo(fresh);
        }
    }

    @Test
    void addGradient_labelOutsideTheHead_isRefused() {
        LoraAdapter adapter = randomAdapter(ALL, 9);
        TokenBatch batch = TokenBatch.of(texts);
        assertThatThrownBy(() -> gradients(
                        adapter, new LabelledBatch(batch, new int[] {0, 3, 0}, weights), Segments.whole(batch), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("sequence 1 has label 3, allowed are 0 to 2");
    }

    private void checkWhole(LoraAdapter adapter) {
        TokenBatch batch = TokenBatch.of(texts);
        float[] actual = gradients(adapter, batch, Segments.whole(batch), 1).values(0);
        assertClose(adapter, actual, new NaiveBert(tiny, adapter).gradient(texts, labels, weights));
    }

    private AdapterGradients gradients(LoraAdapter adapter, TokenBatch batch, Segments segments, int accumulators) {
        return gradients(adapter, new LabelledBatch(batch, labels, weights), segments, accumulators);
    }

    private AdapterGradients gradients(LoraAdapter adapter, LabelledBatch batch, Segments segments, int accumulators) {
        AdapterGradients gradients = new AdapterGradients(adapter.parameterCount());
        gradients.reset(accumulators);
        try (SequenceClassifier classifier = classifier()) {
            classifier.addGradient(batch, tiny.model.bind(adapter), segments, gradients);
        }
        return gradients;
    }

    private SequenceClassifier classifier() {
        return new SequenceClassifier(
                tiny.model.open(MatrixBackends.select("reference").open()));
    }

    /** An adapter in the middle of training: neither B nor the head is zero. */
    private LoraAdapter randomAdapter(List<String> targets, long seed) {
        LoraAdapter adapter = tiny.model.newAdapter(new AdapterSpec(2, 3, targets), LABELS, seed);
        SplittableRandom random = new SplittableRandom(seed);
        float[] all = adapter.parameters();
        for (int i = 0; i < all.length; i++) {
            all[i] = (float) (0.4 * random.nextGaussian());
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
        assertTensor("head", actual, expected, from, actual.length - from);
    }

    private static int assertTensor(String name, float[] actual, double[] expected, int from, int length) {
        double distance = 0;
        double norm = 0;
        for (int i = from; i < from + length; i++) {
            distance += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            norm += expected[i] * expected[i];
        }
        // the floor: a text of one token has q and k gradients of exactly zero, which float misses by a rounding
        assertThat(Math.sqrt(distance)).as(name).isLessThan(TOLERANCE * Math.sqrt(norm) + 1e-7);
        return from + length;
    }
}
