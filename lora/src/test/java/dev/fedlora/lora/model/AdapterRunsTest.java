package dev.fedlora.lora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.tensor.MatrixBackends;
import dev.fedlora.lora.tensor.MatrixProducts;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Batches whose sequences use different adapters, against a pass of each sequence with its adapter alone. */
class AdapterRunsTest {
    private static final List<int[]> TEXTS = List.of(
            new int[] {1, 2, 3, 4, 5, 6}, new int[] {9, 1}, new int[] {9, 2, 10, 0, 7}, new int[] {3, 3, 8}, new int[] {
                5, 10, 6, 1
            });
    private static final int[] LABELS = {1, 0, 2, 0, 1};
    private static final float[] WEIGHTS = {0.5f, 1, 0.25f, 2, 1};

    @TempDir
    private Path folder;

    // ---- adapters of different kinds

    /** Rank, scale and targets differ; the last has no factors in the lower block; the second text has none at all. */
    private static List<@Nullable BoundAdapter> different(BaseModel model) {
        BoundAdapter wide =
                model.bind(adapter(model, 3, List.of("attn_q", "attn_v", "attn_output", "ffn_up", "ffn_down"), 1));
        BoundAdapter narrow = model.bind(adapter(model, 1, List.of("attn_k", "ffn_up"), 2), 0.5f);
        LoraAdapter both = adapter(model, 2, List.of("attn_v", "ffn_down"), 3);
        BoundAdapter upper = model.bind(new LoraAdapter(
                both.architecture(),
                both.baseSha256(),
                both.spec(),
                both.factors().stream()
                        .filter(factors -> factors.tensor().startsWith("blk.1."))
                        .toList(),
                both.head()));
        return Arrays.asList(wide, null, narrow, narrow, upper);
    }

    /** As many trained values each, in different layers. */
    private static List<@Nullable BoundAdapter> ofOneSize(BaseModel model) {
        BoundAdapter first = model.bind(adapter(model, 2, List.of("attn_q", "ffn_up", "ffn_down"), 4));
        BoundAdapter second = model.bind(adapter(model, 2, List.of("attn_output", "ffn_up", "ffn_down"), 5), 2);
        return Arrays.asList(first, first, null, second, first);
    }

    /** In the middle of training: B is not zero. */
    private static LoraAdapter adapter(BaseModel model, int rank, List<String> targets, long seed) {
        List<String> labels = model.outputMatrix().isPresent() ? List.of() : List.of("a", "b", "c");
        return filled(model.newAdapter(new AdapterSpec(rank, rank + 1f, targets), labels, seed), seed);
    }

    private static LoraAdapter filled(LoraAdapter adapter, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] all = adapter.parameters();
        for (int i = 0; i < all.length; i++) {
            all[i] = (float) (0.3 * random.nextGaussian());
        }
        adapter.setParameters(all);
        return adapter;
    }

    // ---- hidden states

    @ParameterizedTest
    @EnumSource
    void forward_differentAdapters_isThatOfEachAloneToTheBit(TinyDecoder tiny) {
        assertForwardIsThatOfEachAlone(BaseModels.of(tiny.write(folder)));
    }

    @Test
    void forward_differentAdaptersOverBert_isThatOfEachAloneToTheBit() {
        assertForwardIsThatOfEachAlone(TinyBert.small(1).model);
    }

    private static void assertForwardIsThatOfEachAlone(BaseModel model) {
        List<@Nullable BoundAdapter> adapters = different(model);
        TokenBatch batch = TokenBatch.of(TEXTS);
        int width = model.width();
        for (boolean forBackward : new boolean[] {false, true}) {
            for (ActivationPolicy policy : ActivationPolicy.values()) {
                try (ForwardPass pass = model.open(products("reference"), policy)) {
                    float[] together = pass.forward(AdapterRuns.of(batch, adapters), forBackward)
                            .clone();
                    for (int s = 0; s < TEXTS.size(); s++) {
                        int rows = batch.length(s);
                        float[] alone =
                                pass.forward(TokenBatch.of(TEXTS.subList(s, s + 1)), adapters.get(s), forBackward);
                        int from = batch.start(s) * width;
                        assertThat(Arrays.copyOfRange(together, from, from + rows * width))
                                .as("sequence %d", s)
                                .isEqualTo(Arrays.copyOf(alone, rows * width));
                    }
                }
            }
        }
    }

    // ---- next tokens

    @ParameterizedTest
    @ValueSource(strings = {"reference", "vector", "onednn-f32", "onednn-bf16", "nd4j"})
    void lossesAndLogits_differentAdapters_areThoseOfEachAlone(String backend) {
        BaseModel model = BaseModels.of(TinyDecoder.QWEN2.write(folder));
        List<@Nullable BoundAdapter> adapters = different(model);
        LanguageBatch batch = batch(TEXTS, WEIGHTS);
        AdapterRuns runs = AdapterRuns.of(batch.tokens(), adapters);
        int vocabulary = model.vocabulary();
        try (NextTokenModel next = new NextTokenModel(model.open(products(backend)))) {
            double[] losses = next.lossesOfRuns(batch, runs);
            float[] logits = next.logits(runs);
            int from = 0;
            for (int s = 0; s < TEXTS.size(); s++) {
                double[] alone = next.losses(one(s), adapters.get(s));
                assertClose("losses", Arrays.copyOfRange(losses, from, from + alone.length), alone, backend);
                from += alone.length;
                int start = batch.tokens().start(s) * vocabulary;
                float[] expected = next.logits(TEXTS.get(s), adapters.get(s));
                float[] actual = Arrays.copyOfRange(logits, start, start + expected.length);
                assertClose("logits", doubles(actual), doubles(expected), backend);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void addGradient_adaptersOfOneSize_isThatOfEachAloneToTheBit(TinyDecoder tiny) {
        BaseModel model = BaseModels.of(tiny.write(folder));
        for (ActivationPolicy policy : ActivationPolicy.values()) {
            assertGradientsAreThoseOfEachAlone(model, policy, "reference", 0);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"vector", "onednn-f32", "onednn-bf16", "nd4j"})
    void addGradient_everyBackend_isThatOfEachAlone(String backend) {
        BaseModel model = BaseModels.of(TinyDecoder.LLAMA.write(folder));
        assertGradientsAreThoseOfEachAlone(model, ActivationPolicy.KEEP, backend, 0);
    }

    @Test
    void addGradient_dropout_isThatOfEachAloneToTheBit() {
        BaseModel model = BaseModels.of(TinyDecoder.LLAMA.write(folder));
        for (ActivationPolicy policy : ActivationPolicy.values()) {
            assertGradientsAreThoseOfEachAlone(model, policy, "reference", 0.4f);
        }
    }

    private static void assertGradientsAreThoseOfEachAlone(
            BaseModel model, ActivationPolicy policy, String backend, float dropout) {
        List<@Nullable BoundAdapter> adapters = ofOneSize(model);
        LanguageBatch batch = batch(TEXTS, WEIGHTS);
        int parameters = adapters.get(0).parameterCount();
        int[] accumulators = {4, 2, 1, 0, 2}; // two texts of one adapter share one, apart from each other
        AdapterGradients gradients = new AdapterGradients(parameters);
        AdapterGradients expected = new AdapterGradients(parameters);
        gradients.reset(5);
        expected.reset(5);
        try (NextTokenModel next = new NextTokenModel(model.open(products(backend), policy))) {
            next.setDropout(new Dropout(dropout, 7, 0));
            double loss = next.addGradient(
                    batch,
                    AdapterRuns.of(batch.tokens(), adapters),
                    Segments.of(batch.tokens(), accumulators),
                    gradients);
            double sum = 0;
            for (int s = 0; s < TEXTS.size(); s++) {
                next.setDropout(new Dropout(dropout, 7, s));
                LanguageBatch one = one(s);
                BoundAdapter adapter = adapters.get(s);
                if (adapter == null) {
                    sum += WEIGHTS[s] * Arrays.stream(next.losses(one, null)).sum();
                } else {
                    sum += next.addGradient(
                            one, adapter, Segments.of(one.tokens(), new int[] {accumulators[s]}), expected);
                }
            }
            // the reference's rounding is that of two orders of adding in double
            assertThat(loss).isCloseTo(sum, within((tolerance(backend) + 1e-14) * Math.abs(sum)));
        }
        assertThat(gradients.values(1)).containsOnly(0); // of the text without an adapter
        for (int k = 0; k < 5; k++) {
            assertClose("accumulator " + k, doubles(gradients.values(k)), doubles(expected.values(k)), backend);
        }
    }

    // ---- classes

    @Test
    void classifierLogits_differentHeads_areThoseOfEachAloneToTheBit() {
        BaseModel model = TinyBert.small(2).model;
        AdapterSpec spec = new AdapterSpec(2, 4, List.of("attn_q"));
        BoundAdapter two = model.bind(filled(model.newAdapter(spec, List.of("no", "yes"), 0), 8));
        BoundAdapter three = model.bind(adapter(model, 1, List.of("ffn_up"), 9));
        List<BoundAdapter> adapters = List.of(two, three, three, two, two);
        try (SequenceClassifier classifier = new SequenceClassifier(model.open(products("reference")))) {
            double[][] logits = classifier.logits(AdapterRuns.of(TokenBatch.of(TEXTS), adapters));
            for (int s = 0; s < TEXTS.size(); s++) {
                assertThat(logits[s])
                        .isEqualTo(classifier.logits(TokenBatch.of(TEXTS.subList(s, s + 1)), adapters.get(s)));
            }
        }
    }

    @Test
    void classifierGradient_adaptersOfOneSize_isThatOfEachAloneToTheBit() {
        BaseModel model = TinyBert.small(3).model;
        BoundAdapter first = model.bind(adapter(model, 2, List.of("attn_q", "ffn_up"), 10));
        BoundAdapter second = model.bind(adapter(model, 2, List.of("attn_output", "ffn_up"), 11));
        List<BoundAdapter> adapters = List.of(first, second, second, first, second);
        int[] accumulators = {0, 1, 2, 3, 2};
        TokenBatch tokens = TokenBatch.of(TEXTS);
        AdapterGradients gradients = new AdapterGradients(first.parameterCount());
        AdapterGradients expected = new AdapterGradients(first.parameterCount());
        gradients.reset(4);
        expected.reset(4);
        try (SequenceClassifier classifier = new SequenceClassifier(model.open(products("reference")))) {
            double loss = classifier.addGradient(
                    new LabelledBatch(tokens, LABELS, WEIGHTS),
                    AdapterRuns.of(tokens, adapters),
                    Segments.of(tokens, accumulators),
                    gradients);
            double sum = 0;
            for (int s = 0; s < TEXTS.size(); s++) {
                TokenBatch one = TokenBatch.of(TEXTS.subList(s, s + 1));
                sum += classifier.addGradient(
                        new LabelledBatch(one, new int[] {LABELS[s]}, new float[] {WEIGHTS[s]}),
                        adapters.get(s),
                        Segments.of(one, new int[] {accumulators[s]}),
                        expected);
            }
            assertThat(loss).isEqualTo(sum);
        }
        for (int k = 0; k < 4; k++) {
            assertThat(gradients.values(k)).isEqualTo(expected.values(k));
        }
    }

    // ---- runs and refusals

    @Test
    void of_neighboursWithOneAdapter_areOneRun() {
        BaseModel model = TinyBert.small(4).model;
        BoundAdapter adapter = model.bind(adapter(model, 1, List.of("attn_q"), 12));
        AdapterRuns runs = AdapterRuns.of(TokenBatch.of(TEXTS), Arrays.asList(adapter, adapter, null, null, adapter));
        assertThat(runs.count()).isEqualTo(3);
        assertThat(runs.adapter(0)).isSameAs(adapter);
        assertThat(runs.adapter(1)).isNull();
        assertThat(runs.firstSequence(1)).isEqualTo(2);
        assertThat(runs.endSequence(1)).isEqualTo(4);
        assertThat(runs.firstRow(1)).isEqualTo(8);
        assertThat(runs.rows(1)).isEqualTo(8);
        assertThat(runs.rows(2)).isEqualTo(4);
    }

    @Test
    void of_anotherNumberOfAdapters_isRefused() {
        TokenBatch batch = TokenBatch.of(TEXTS);
        assertThatThrownBy(() -> AdapterRuns.of(batch, Arrays.asList(null, null)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a batch of 5 sequences got 2 adapters");
    }

    @Test
    void addGradient_accumulatorsThatDoNotFit_areRefusedAndNothingIsAdded() {
        BaseModel model = BaseModels.of(TinyDecoder.LLAMA.write(folder));
        List<@Nullable BoundAdapter> adapters = ofOneSize(model);
        LanguageBatch batch = batch(TEXTS, WEIGHTS);
        AdapterGradients gradients = new AdapterGradients(adapters.get(0).parameterCount());
        gradients.reset(3);
        try (NextTokenModel next = new NextTokenModel(model.open(products("reference")))) {
            // a segment over two adapters, over an adapter and none, and one accumulator of two segments
            assertRefused(next, adapters, new int[] {0, 0, 1, 2, 2}, gradients, "accumulator 2", "sequences 3 and 4");
            assertRefused(next, adapters, new int[] {0, 1, 1, 2, 0}, gradients, "accumulator 1", "sequences 1 and 2");
            assertRefused(next, adapters, new int[] {0, 1, 2, 0, 1}, gradients, "accumulator 0", "sequences 0 and 3");
            assertRefused(next, adapters, new int[] {0, 1, 2, 3, 0}, gradients, "segments use accumulator 3", "are 3");
            List<@Nullable BoundAdapter> larger = different(model);
            assertRefused(
                    next,
                    Arrays.asList(adapters.get(0), null, null, null, larger.get(0)),
                    new int[] {0, 1, 1, 1, 2},
                    gradients,
                    "the adapter of sequence 4 has %d trained values"
                            .formatted(larger.get(0).parameterCount()),
                    "the accumulators hold %d".formatted(adapters.get(0).parameterCount()));
            AdapterRuns none = AdapterRuns.whole(batch.tokens(), null);
            assertThatThrownBy(() -> next.addGradient(batch, none, Segments.whole(batch.tokens()), gradients))
                    .isInstanceOf(IllegalStateException.class);
            AdapterRuns ofAnother = AdapterRuns.of(TokenBatch.of(TEXTS), adapters);
            assertThatThrownBy(() -> next.addGradient(batch, ofAnother, Segments.whole(batch.tokens()), gradients))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("the adapters are those of another batch");
            assertThatThrownBy(() -> next.lossesOfRuns(batch, ofAnother))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("the adapters are those of another batch");
        }
        for (int k = 0; k < 3; k++) {
            assertThat(gradients.values(k)).containsOnly(0);
        }
    }

    private static void assertRefused(
            NextTokenModel next,
            List<@Nullable BoundAdapter> adapters,
            int[] accumulators,
            AdapterGradients gradients,
            String... named) {
        LanguageBatch batch = batch(TEXTS, WEIGHTS);
        AdapterRuns runs = AdapterRuns.of(batch.tokens(), adapters);
        assertThatThrownBy(() -> next.addGradient(batch, runs, Segments.of(batch.tokens(), accumulators), gradients))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(named);
    }

    @Test
    void classifier_textsWithoutAHeadOfTheirOwn_areRefusedAndNothingIsAdded() {
        BaseModel model = TinyBert.small(5).model;
        AdapterSpec spec = new AdapterSpec(2, 4, List.of("attn_q"));
        BoundAdapter two = model.bind(filled(model.newAdapter(spec, List.of("no", "yes"), 0), 13));
        BoundAdapter three = model.bind(adapter(model, 2, List.of("attn_q"), 14));
        BoundAdapter headless = model.bind(model.newAdapter(spec, List.of(), 15));
        TokenBatch tokens = TokenBatch.of(TEXTS);
        LabelledBatch batch = new LabelledBatch(tokens, LABELS, WEIGHTS);
        AdapterGradients gradients = new AdapterGradients(three.parameterCount());
        gradients.reset(2);
        try (SequenceClassifier classifier = new SequenceClassifier(model.open(products("reference")))) {
            assertThatThrownBy(
                            () -> classifier.logits(AdapterRuns.of(tokens, Arrays.asList(two, three, null, two, two))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("sequence 2 has no adapter, whose head would say its class");
            assertThatThrownBy(
                            () -> classifier.logits(AdapterRuns.of(tokens, List.of(two, three, three, headless, two))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("sequence 3")
                    .hasMessageContaining("no classifier head");
            Segments segments = Segments.of(tokens, new int[] {0, 0, 1, 1, 1});
            AdapterRuns wrongLabel = AdapterRuns.of(tokens, List.of(three, three, two, two, two));
            assertThatThrownBy(() -> classifier.addGradient(batch, wrongLabel, segments, gradients))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("sequence 2 has label 2, allowed are 0 to 1");
            AdapterRuns wrongSize = AdapterRuns.of(tokens, List.of(three, three, three, two, two));
            assertThatThrownBy(() -> classifier.addGradient(batch, wrongSize, segments, gradients))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("the adapter of sequence 3 has");
            AdapterRuns mixed = AdapterRuns.of(
                    tokens, List.of(three, three, three, model.bind(adapter(model, 2, List.of("attn_q"), 16)), three));
            assertThatThrownBy(() -> classifier.addGradient(batch, mixed, segments, gradients))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("accumulator 1 takes the gradients of sequences 2 and 3");
        }
        assertThat(gradients.values(0)).containsOnly(0);
        assertThat(gradients.values(1)).containsOnly(0);
    }

    // ---- material

    private static MatrixProducts products(String backend) {
        try {
            return MatrixBackends.select(backend).open();
        } catch (IllegalStateException missing) {
            System.err.println("skipped: " + missing.getMessage());
            return Assumptions.abort("skipped: " + missing.getMessage());
        }
    }

    private static LanguageBatch one(int text) {
        return batch(TEXTS.subList(text, text + 1), new float[] {WEIGHTS[text]});
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

    private static double[] doubles(float[] values) {
        double[] all = new double[values.length];
        Arrays.setAll(all, i -> values[i]);
        return all;
    }

    /**
     * Of the norm: 0, which is to the bit, with the reference back end. The others may add in another order for other numbers of rows, and oneDNN
     * multiplies a lone adapter's factors with the base weight's tile but several adapters' by themselves: 2^-24 or, in
     * bfloat16, 2^-9 times the few dozen roundings on a path.
     */
    private static double tolerance(String backend) {
        return switch (backend) {
            case "reference" -> 0;
            case "onednn-bf16" -> 0.05;
            default -> 1e-5;
        };
    }

    private static void assertClose(String what, double[] actual, double[] expected, String backend) {
        double error = 0;
        double size = 0;
        for (int i = 0; i < expected.length; i++) {
            error += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            size += expected[i] * expected[i];
        }
        assertThat(actual).as(what).hasSameSizeAs(expected);
        assertThat(Math.sqrt(error)).as(what).isLessThanOrEqualTo(tolerance(backend) * Math.sqrt(size));
    }
}
