package dev.fedlora.lora.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.data.EncodedExample;
import dev.fedlora.lora.data.EncodedText;
import dev.fedlora.lora.data.TrainingExample;
import dev.fedlora.lora.model.ActivationPolicy;
import dev.fedlora.lora.model.AdapterGradients;
import dev.fedlora.lora.model.BoundAdapter;
import dev.fedlora.lora.model.Dropout;
import dev.fedlora.lora.tensor.MatrixBackends;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextTrainingTest {
    private static final OptimizerPlan OPTIMIZER = new OptimizerPlan(0.02, 1, 0.01, 2, LearningRateSchedule.COSINE, 1);
    private static final TrainingPlan PLAN = new TrainingPlan(0, 1, 30, OPTIMIZER);

    @TempDir
    private static Path folder;

    private static TinyTexts task;

    @BeforeAll
    static void prepare() {
        task = new TinyTexts(folder);
    }

    @Test
    void train_countingTexts_learnsThem() throws InterruptedException {
        List<EncodedText> texts = TinyTexts.texts(60, 1);
        try (WorkerPool pool = task.pool(MemoryPlan.unlimited(2))) {
            LoraTrainer trainer = new LoraTrainer(pool, task.adapter(), texts, TinyTexts.texts(20, 2));
            double before = trainer.evaluate().meanLoss();
            List<Double> losses = new ArrayList<>();
            TrainingPlan plan = new TrainingPlan(0, 10, 10, OptimizerPlan.constant(0.02, 1));
            TrainingReport report = trainer.train(plan, 5, done -> losses.add(done.loss()));
            assertThat(report.steps()).isEqualTo(60);
            assertThat(trainer.evaluate().meanLoss()).isLessThan(before / 2);
            assertThat(report.meanLoss()).isBetween(losses.get(59), losses.get(0));
        }
    }

    @Test
    void train_anyThreadsAndPolicy_givesTheSameBits() throws InterruptedException {
        List<float[]> results = new ArrayList<>();
        for (int threads = 1; threads <= 3; threads++) {
            for (ActivationPolicy policy : ActivationPolicy.values()) {
                results.add(trained(new MemoryPlan(policy, 48, threads), new LoraOptions(false, 0.2f), PLAN));
            }
        }
        assertThat(results).hasSize(6).allSatisfy(result -> assertThat(result).isEqualTo(results.get(0)));
    }

    @Test
    void train_smallMicroBatches_sumToTheBigBatch() throws InterruptedException {
        float[] big = trained(MemoryPlan.unlimited(1), LoraOptions.DEFAULT, PLAN);
        float[] small = trained(new MemoryPlan(ActivationPolicy.KEEP, 20, 2), LoraOptions.DEFAULT, PLAN);
        for (int i = 0; i < big.length; i++) {
            // three steps of at most 0.02 each; rounding moves a gradient near zero by a few per cent at most
            assertThat((double) small[i]).isCloseTo(big[i], within(1e-3));
        }
    }

    @Test
    void train_packed_fillsEveryStepButTheLast() throws InterruptedException {
        List<EncodedText> texts = TinyTexts.texts(60, 1);
        try (WorkerPool pool = task.pool(MemoryPlan.unlimited(2))) {
            LoraTrainer trainer = new LoraTrainer(pool, task.adapter(), texts, List.of());
            List<Long> tokens = new ArrayList<>();
            TrainingPlan plan = new TrainingPlan(0, 1, 1, 100, OPTIMIZER);
            TrainingReport report = trainer.train(plan, 5, done -> tokens.add(done.tokens()));
            assertThat(report.examples()).isEqualTo(60);
            assertThat(tokens.subList(0, tokens.size() - 1)).allMatch(each -> each > 100 - 20 && each <= 100);
            double share = trainer.packedShare(9, 100, 5);
            assertThat(trainer.train(new TrainingPlan(0, share, 1, 100, OPTIMIZER), 5, ProgressListener.NONE)
                            .steps())
                    .isEqualTo(9);
        }
    }

    @Test
    void train_dropout_changesTheStepsAndNotTheEvaluation() throws InterruptedException {
        assertThat(trained(MemoryPlan.unlimited(1), new LoraOptions(false, 0.5f), PLAN))
                .isNotEqualTo(trained(MemoryPlan.unlimited(1), LoraOptions.DEFAULT, PLAN));
        List<EncodedText> texts = TinyTexts.texts(20, 1);
        try (WorkerPool pool = task.pool(MemoryPlan.unlimited(1))) {
            LoraTrainer trainer = new LoraTrainer(pool, task.adapter(), new LoraOptions(false, 0.5f), texts, texts);
            trainer.train(PLAN, 5, ProgressListener.NONE);
            assertThat(trainer.evaluate()).isEqualTo(trainer.evaluate());
        }
    }

    @Test
    void train_frozenA_trainsBAlone() throws InterruptedException {
        LoraAdapter adapter = task.adapter();
        LoraAdapter start = adapter.copy();
        List<EncodedText> texts = TinyTexts.texts(60, 1);
        try (WorkerPool pool = task.pool(MemoryPlan.unlimited(2))) {
            LoraTrainer trainer = new LoraTrainer(pool, adapter, new LoraOptions(true, 0), texts, texts);
            int outputs = adapter.factors().stream().mapToInt(f -> f.b().length).sum();
            assertThat(trainer.parameterCount()).isEqualTo(outputs).isLessThan(adapter.parameterCount());
            double before = trainer.evaluate().meanLoss();
            trainer.train(PLAN, 5, ProgressListener.NONE);
            assertThat(trainer.evaluate().meanLoss()).isLessThan(before);
            for (int i = 0; i < adapter.factors().size(); i++) {
                assertThat(adapter.factors().get(i).a())
                        .isEqualTo(start.factors().get(i).a());
                assertThat(adapter.factors().get(i).b())
                        .isNotEqualTo(start.factors().get(i).b());
            }
            float[] trained = trainer.parameters();
            trainer.load(new float[outputs]);
            assertThat(adapter.factors()).allSatisfy(f -> assertThat(f.b()).containsOnly(0f));
            trainer.load(trained);
            assertThat(trainer.parameters()).isEqualTo(trained);
        }
    }

    @Test
    void compute_frozenA_isTheGradientOfB() {
        LoraAdapter adapter = randomAdapter();
        List<EncodedText> texts = TinyTexts.texts(10, 4);
        BoundAdapter whole = task.model.bind(adapter);
        float[] all = gradient(whole, texts);
        float[] ofB = gradient(whole.freezingA(), texts);
        int from = 0;
        int next = 0;
        for (LoraFactors factors : adapter.factors()) {
            from += factors.a().length;
            for (int i = 0; i < factors.b().length; i++) {
                assertThat(ofB[next++]).isEqualTo(all[from++]);
            }
        }
        assertThat(ofB).hasSize(next);
    }

    @Test
    void computePrivately_looseBound_isTheSumOfEachTextsMean() throws InterruptedException {
        BoundAdapter adapter = task.model.bind(randomAdapter());
        List<EncodedText> texts = TinyTexts.texts(12, 4);
        PrivateTrainingPlan plan = new PrivateTrainingPlan(1, 1, 4, 1000, 1, OPTIMIZER);
        List<List<TrainingExample>> groups = new ArrayList<>();
        double[] expected = new double[adapter.parameterCount()];
        for (EncodedText text : texts) {
            groups.add(List.of(text));
            float[] one = gradient(adapter, List.of(text));
            for (int i = 0; i < expected.length; i++) {
                expected[i] += one[i] / 4;
            }
        }
        try (WorkerPool pool = task.pool(new MemoryPlan(ActivationPolicy.RECOMPUTE, 30, 2))) {
            PrivateGradient gradient = new PrivateGradient(pool, adapter, plan);
            gradient.compute(groups, Dropout.NONE, TinyTask.everyoneWithoutNoise());
            double grid = 1000.0 / (1L << PrivateTrainingPlan.gridBits(expected.length));
            for (int i = 0; i < expected.length; i++) {
                assertThat((double) gradient.values()[i])
                        .isCloseTo(expected[i], within(3 * grid + 1e-5 * Math.abs(expected[i]) + 1e-6));
            }
        }
    }

    @Test
    void trainPrivately_anyThreadsAndPolicy_givesTheSameBits() throws InterruptedException {
        List<float[]> results = new ArrayList<>();
        for (int threads = 1; threads <= 3; threads++) {
            ActivationPolicy policy = ActivationPolicy.values()[threads % 2];
            try (WorkerPool pool = task.pool(new MemoryPlan(policy, 48, threads))) {
                List<EncodedText> texts = TinyTexts.texts(60, 1);
                LoraTrainer trainer =
                        new LoraTrainer(pool, task.adapter(), new LoraOptions(false, 0.1f), texts, List.of());
                trainer.trainPrivately(
                        new PrivateTrainingPlan(2, 0.5, 30, 0.5, 1.1, OPTIMIZER),
                        new TinyTask.SeededRandomness(9, 1),
                        ProgressListener.NONE);
                results.add(trainer.parameters());
            }
        }
        assertThat(results).allSatisfy(result -> assertThat(result).isEqualTo(results.get(0)));
    }

    @Test
    void evaluateTexts_baseAlone_isTheMeanOverTokens() throws InterruptedException {
        List<EncodedText> texts = TinyTexts.texts(30, 3);
        try (WorkerPool pool = task.pool(new MemoryPlan(ActivationPolicy.KEEP, 40, 2));
                Worker worker = new Worker(
                        task.model.open(MatrixBackends.select("reference").open()))) {
            LanguageEvaluation evaluation = new Evaluator(pool).evaluateTexts(null, texts);
            double sum = 0;
            for (EncodedText text : texts) {
                sum += worker.loss(List.of(text), null);
            }
            assertThat(evaluation.tokens()).isEqualTo(Member.losses(texts));
            assertThat(evaluation.meanLoss()).isCloseTo(sum / evaluation.tokens(), within(1e-6));
            assertThat(evaluation.perplexity()).isCloseTo(Math.exp(evaluation.meanLoss()), within(1e-12));
        }
    }

    @Test
    void newTrainer_textsThatDoNotFit_areRefusedByPlace() {
        EncodedText good = new EncodedText(new int[] {1, 2}, new boolean[] {false, true}, null);
        EncodedText nothing = new EncodedText(new int[] {1, 2}, new boolean[2], null);
        EncodedText unknown = new EncodedText(new int[] {1, 13}, new boolean[] {false, true}, null);
        EncodedExample classified = new EncodedExample(new int[] {1}, 0, null);
        try (WorkerPool pool = task.pool(MemoryPlan.unlimited(1))) {
            assertRefused(pool, task.adapter(), List.of(good, nothing), "example 1 has no token that is to be learned");
            assertRefused(pool, task.adapter(), List.of(good, unknown), "example 1 holds token 13");
            assertRefused(pool, task.adapter(), List.of(good, classified), "example 1 has a class");
            LoraAdapter headed = task.model.newAdapter(task.adapter().spec(), List.of("a", "b"), 1);
            assertRefused(pool, headed, List.of(good), "the adapter has a classifier head, which texts do not train");
            assertRefused(pool, headed, List.of(classified, good), "example 1 is a text to be learned");
        }
        try (WorkerPool pool = TinyTask.pool(1)) {
            LoraAdapter bert = TinyTask.MODEL.newAdapter(TinyTask.adapter().spec(), List.of(), 1);
            assertRefused(pool, bert, List.of(good), "a bert model does not predict tokens");
        }
        assertThatThrownBy(() -> new LoraOptions(false, 1)).hasMessage("dropout must be in [0, 1), got 1.0");
    }

    private static void assertRefused(
            WorkerPool pool, LoraAdapter adapter, List<TrainingExample> examples, String message) {
        assertThatThrownBy(() -> new LoraTrainer(pool, adapter, examples, List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    private static float[] trained(MemoryPlan memory, LoraOptions options, TrainingPlan plan)
            throws InterruptedException {
        try (WorkerPool pool = task.pool(memory)) {
            LoraTrainer trainer = new LoraTrainer(pool, task.adapter(), options, TinyTexts.texts(60, 1), List.of());
            trainer.train(plan, 5, ProgressListener.NONE);
            return trainer.parameters();
        }
    }

    private static LoraAdapter randomAdapter() {
        LoraAdapter adapter = task.adapter();
        SplittableRandom random = new SplittableRandom(7);
        float[] all = adapter.parameters();
        for (int i = 0; i < all.length; i++) {
            all[i] = (float) (0.3 * random.nextGaussian());
        }
        adapter.setParameters(all);
        return adapter;
    }

    /** The gradient of the mean over all learned tokens, in one pass. */
    private static float[] gradient(BoundAdapter adapter, List<EncodedText> texts) {
        AdapterGradients gradients = new AdapterGradients(adapter.parameterCount());
        gradients.reset(1);
        List<Member> members = texts.stream()
                .map(text -> new Member(text, 0, 1f / Member.losses(texts)))
                .toList();
        try (Worker worker =
                new Worker(task.model.open(MatrixBackends.select("reference").open()))) {
            worker.addGradient(members, Dropout.NONE, adapter, gradients);
        }
        return gradients.values(0);
    }
}
