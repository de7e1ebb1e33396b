package dev.fedlora.lora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.tensor.MatrixBackends;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TextGeneratorTest {
    private static final int[] PROMPT = {1, 7, 3, 3, 9};

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource
    void generate_greedy_isTheLikeliestTokenOfAWholePassEachTime(TinyDecoder tiny) {
        BaseModel model = BaseModels.of(tiny.write(folder));
        BoundAdapter adapter = model.bind(adapter(model, 1));
        try (TextGenerator generator = open(model)) {
            assertThat(greedy(generator, null, 20)).isEqualTo(byWholePasses(model, null, 20));
            assertThat(greedy(generator, adapter, 20)).isEqualTo(byWholePasses(model, adapter, 20));
        }
    }

    /** Two adapters and none, in turn, over one open model: none leaves a trace in the next text. */
    @Test
    void generate_adaptersInTurn_eachGivesItsOwnText() {
        BaseModel model = BaseModels.of(TinyDecoder.LLAMA.write(folder));
        List<@Nullable BoundAdapter> adapters = new ArrayList<>();
        adapters.add(null);
        adapters.add(model.bind(adapter(model, 2)));
        adapters.add(model.bind(adapter(model, 3)));
        adapters.add(null);
        try (TextGenerator generator = open(model)) {
            List<int[]> texts = new ArrayList<>();
            for (BoundAdapter each : adapters) {
                int[] text = greedy(generator, each, 12);
                assertThat(text).isEqualTo(byWholePasses(model, each, 12));
                texts.add(text);
            }
            assertThat(texts.get(3)).isEqualTo(texts.get(0));
            assertThat(texts.get(1)).isNotEqualTo(texts.get(0));
            assertThat(texts.get(2)).isNotEqualTo(texts.get(1));
        }
    }

    @Test
    void generate_longText_endsAtTheContextLimit() {
        BaseModel model = BaseModels.of(TinyDecoder.QWEN2.write(folder));
        try (TextGenerator generator = open(model)) {
            int room = TinyDecoder.CONTEXT - PROMPT.length + 1;
            assertThat(greedy(generator, null, 1000)).hasSize(room);
            assertThat(greedy(generator, null, room)).isEqualTo(byWholePasses(model, null, room));
        }
    }

    @Test
    void generate_endTokenOrListener_ends() {
        BaseModel model = BaseModels.of(TinyDecoder.LLAMA.write(folder));
        try (TextGenerator generator = open(model)) {
            int[] all = greedy(generator, null, 20);
            int third = all[2];
            int at = IntStream.range(0, 20)
                    .filter(i -> all[i] == third)
                    .findFirst()
                    .orElseThrow();
            TextGenerator.Plan plan = new TextGenerator.Plan(20, Sampling.GREEDY);
            assertThat(generator.generate(PROMPT, null, plan, token -> token == third, token -> true))
                    .isEqualTo(Arrays.copyOf(all, at));
            List<Integer> heard = new ArrayList<>();
            assertThat(generator.generate(
                            PROMPT, null, plan, token -> false, token -> heard.add(token) && heard.size() < 4))
                    .isEqualTo(Arrays.copyOf(all, 4));
            assertThat(heard).containsExactly(all[0], all[1], all[2], all[3]);
            assertThat(greedy(generator, null, 0)).isEmpty();
        }
    }

    @Test
    void generate_badPrompt_isRefused() {
        BaseModel model = BaseModels.of(TinyDecoder.LLAMA.write(folder));
        try (TextGenerator generator = open(model)) {
            TextGenerator.Plan plan = new TextGenerator.Plan(1, Sampling.GREEDY);
            assertThatThrownBy(() -> generator.generate(new int[0], null, plan, t -> false, t -> true))
                    .hasMessage("sequence 0 of the batch has no tokens");
            assertThatThrownBy(() -> generator.generate(new int[65], null, plan, t -> false, t -> true))
                    .hasMessage("sequence 0 has 65 tokens, the model's context limit is 64");
            assertThatThrownBy(() -> generator.generate(new int[] {1, 13}, null, plan, t -> false, t -> true))
                    .hasMessage("sequence 0: token 13 at position 1 is outside 0..12");
        }
        assertThatThrownBy(() -> new TextGenerator.Plan(-1, Sampling.GREEDY)).hasMessageContaining("got -1");
        assertThatThrownBy(() -> new Sampling(-1, 0, 1, 0, 0)).hasMessage("temperature must be at least 0, got -1.0");
        assertThatThrownBy(() -> new Sampling(1, -2, 1, 0, 0)).hasMessageContaining("top-k");
        assertThatThrownBy(() -> new Sampling(1, 0, 0, 0, 0)).hasMessage("top-p must be in (0, 1], got 0.0");
        assertThatThrownBy(() -> new Sampling(1, 0, 1, 2, 0)).hasMessageContaining("min-p");
        BaseModel encoder = TinyBert.small(1).model;
        assertThatThrownBy(() -> open(encoder)).hasMessage("a bert model does not predict tokens");
    }

    @Test
    void sampler_sameSeed_drawsTheSameTokens() {
        BaseModel model = BaseModels.of(TinyDecoder.LLAMA.write(folder));
        try (TextGenerator generator = open(model)) {
            int[] first = sampled(generator, 5);
            assertThat(sampled(generator, 5)).isEqualTo(first);
            assertThat(sampled(generator, 6)).isNotEqualTo(first);
        }
    }

    private static int[] sampled(TextGenerator generator, long seed) {
        TextGenerator.Plan plan = new TextGenerator.Plan(30, new Sampling(1.5, 0, 1, 0, seed));
        return generator.generate(PROMPT, null, plan, token -> false, token -> true);
    }

    /**
     * 100,000 draws of a token with probability p differ from 100,000 p by more than 5 deviations, at most 790, less than
     * once in a million times.
     */
    @Test
    void sampler_manyDraws_followTheProbabilities() {
        float[] logits = {(float) Math.log(0.1), (float) Math.log(0.5), (float) Math.log(0.1), (float) Math.log(0.3)};
        assertThat(shares(logits, new Sampling(1, 0, 1, 0, 1)))
                .containsExactly(new double[] {0.1, 0.5, 0.1, 0.3}, within(0.008));
        assertThat(shares(logits, new Sampling(1, 2, 1, 0, 2)))
                .containsExactly(new double[] {0, 0.625, 0, 0.375}, within(0.008));
        assertThat(shares(logits, new Sampling(1, 0, 0.75, 0, 3)))
                .containsExactly(new double[] {0, 0.625, 0, 0.375}, within(0.008));
        assertThat(shares(logits, new Sampling(1, 0, 1, 0.5, 4)))
                .containsExactly(new double[] {0, 0.625, 0, 0.375}, within(0.008));
        // at temperature 1/2 probabilities are squared: 1, 25, 1, 9 of 36
        assertThat(shares(logits, new Sampling(0.5, 0, 1, 0, 5)))
                .containsExactly(new double[] {1 / 36.0, 25 / 36.0, 1 / 36.0, 9 / 36.0}, within(0.008));
        assertThat(shares(logits, new Sampling(0, 0, 1, 0, 6)))
                .containsExactly(new double[] {0, 1, 0, 0}, within(1e-9));
        // of tokens that are equal the first ones are the likeliest, however they are found
        assertThat(shares(logits, new Sampling(1, 3, 1, 0, 7)))
                .containsExactly(new double[] {1 / 9.0, 5 / 9.0, 0, 3 / 9.0}, within(0.008));
        assertThat(shares(logits, new Sampling(1, 0, 0.85, 0, 8)))
                .containsExactly(new double[] {1 / 9.0, 5 / 9.0, 0, 3 / 9.0}, within(0.008));
    }

    private static double[] shares(float[] logits, Sampling sampling) {
        Sampler sampler = new Sampler(sampling);
        double[] shares = new double[logits.length];
        for (int i = 0; i < 100_000; i++) {
            shares[sampler.next(logits, logits.length)] += 1e-5;
        }
        return shares;
    }

    private static int[] greedy(TextGenerator generator, @Nullable BoundAdapter adapter, int count) {
        return generator.generate(
                PROMPT, adapter, new TextGenerator.Plan(count, Sampling.GREEDY), token -> false, token -> true);
    }

    private static int[] byWholePasses(BaseModel model, @Nullable BoundAdapter adapter, int count) {
        int[] text = Arrays.copyOf(PROMPT, PROMPT.length + count);
        int vocabulary = model.vocabulary();
        try (NextTokenModel next =
                new NextTokenModel(model.open(MatrixBackends.select("reference").open()))) {
            for (int length = PROMPT.length; length < text.length; length++) {
                float[] logits = next.logits(Arrays.copyOf(text, length), adapter);
                int from = (length - 1) * vocabulary;
                int best = 0;
                for (int i = 1; i < vocabulary; i++) {
                    best = logits[from + i] > logits[from + best] ? i : best;
                }
                text[length] = best;
            }
        }
        return Arrays.copyOfRange(text, PROMPT.length, text.length);
    }

    private static TextGenerator open(BaseModel model) {
        return new TextGenerator(model, MatrixBackends.select("reference").open());
    }

    private static LoraAdapter adapter(BaseModel model, long seed) {
        List<String> targets =
                model.linearLayers().stream().map(LinearLayer::name).toList();
        LoraAdapter adapter = model.newAdapter(new AdapterSpec(2, 4, targets), List.of(), seed);
        SplittableRandom random = new SplittableRandom(seed);
        float[] all = adapter.parameters();
        for (int i = 0; i < all.length; i++) {
            all[i] = (float) (0.3 * random.nextGaussian());
        }
        adapter.setParameters(all);
        return adapter;
    }
}
