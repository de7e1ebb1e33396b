package dev.fedlora.lora.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.data.EncodedExample;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoraTrainerTest {
    private static final OptimizerPlan OPTIMIZER = OptimizerPlan.constant(0.01, 0.05);

    @Test
    void train_tinyTask_learnsIt() throws InterruptedException {
        try (WorkerPool pool = TinyTask.pool(2)) {
            LoraTrainer trainer = TinyTask.trainer(pool, TinyTask.examples(60, 1));
            double before = trainer.evaluate().meanLoss();
            List<Double> losses = new ArrayList<>();
            TrainingReport report = null;
            for (int round = 0; round < 20; round++) {
                report = trainer.train(
                        new TrainingPlan(round, 1, 8, OPTIMIZER), 5, progress -> losses.add(progress.loss()));
            }
            // a head of zeros finds all classes equally likely; examples weigh 1/n, rounded to float
            assertThat(before).isCloseTo(Math.log(3), within(1e-6));
            assertThat(losses).hasSize(20 * 8);
            assertThat(losses.get(0)).isCloseTo(Math.log(3), within(1e-6));
            assertThat(report.examples()).isEqualTo(60);
            assertThat(accuracy(trainer)).isGreaterThan(0.9);
            assertThat(trainer.evaluate().meanLoss()).isLessThan(0.5);
        }
    }

    @Test
    void train_anyNumberOfThreads_givesTheSameBits() throws InterruptedException {
        List<float[]> results = new ArrayList<>();
        for (int threads = 1; threads <= 3; threads++) {
            try (WorkerPool pool = TinyTask.pool(threads)) {
                LoraTrainer trainer = TinyTask.trainer(pool, TinyTask.examples(150, 1));
                trainer.train(new TrainingPlan(0, 1, 75, OPTIMIZER), 5, ProgressListener.NONE); // 4 shards a step
                results.add(trainer.parameters());
            }
        }
        assertThat(results.get(1)).isEqualTo(results.get(0));
        assertThat(results.get(2)).isEqualTo(results.get(0));
    }

    @Test
    void train_roundsOfAThird_goThroughTheDataInTurn() throws InterruptedException {
        try (WorkerPool pool = TinyTask.pool(1)) {
            LoraTrainer trainer = TinyTask.trainer(pool, TinyTask.examples(20, 1));
            TrainingReport report = trainer.train(new TrainingPlan(0, 1 / 3.0, 4, OPTIMIZER), 5, ProgressListener.NONE);
            assertThat(report.examples()).isEqualTo(6);
            assertThat(report.steps()).isEqualTo(2);
        }
    }

    @Test
    void train_interrupted_stopsAfterTheLastWholeStep() {
        try (WorkerPool pool = TinyTask.pool(2)) {
            LoraTrainer trainer = TinyTask.trainer(pool, TinyTask.examples(20, 1));
            List<float[]> after = new ArrayList<>();
            assertThatThrownBy(() -> trainer.train(new TrainingPlan(0, 1, 4, OPTIMIZER), 5, progress -> {
                        after.add(trainer.parameters());
                        if (progress.step() == 2) {
                            Thread.currentThread().interrupt();
                        }
                    }))
                    .isInstanceOf(InterruptedException.class);
            assertThat(after).hasSize(2);
            assertThat(trainer.parameters()).isEqualTo(after.get(1));
        }
    }

    @Test
    void train_lossNotFinite_takesNoStep() {
        try (WorkerPool pool = TinyTask.pool(2)) {
            LoraTrainer trainer = TinyTask.trainer(pool, TinyTask.examples(20, 1));
            float[] huge = trainer.parameters();
            java.util.Arrays.fill(huge, Float.MAX_VALUE);
            trainer.load(huge);
            assertThatThrownBy(() -> trainer.train(new TrainingPlan(0, 1, 4, OPTIMIZER), 5, ProgressListener.NONE))
                    .isInstanceOf(DivergedException.class)
                    .hasMessageStartingWith("step 1: the loss is NaN");
            assertThat(trainer.parameters()).isEqualTo(huge);
        }
    }

    @Test
    void trainPrivately_gradientsNotFinite_countAsZero() throws InterruptedException {
        try (WorkerPool pool = TinyTask.pool(2)) {
            LoraTrainer trainer = TinyTask.trainer(pool, TinyTask.examples(20, 1));
            float[] huge = trainer.parameters();
            java.util.Arrays.fill(huge, Float.MAX_VALUE);
            trainer.load(huge);
            // an exception would tell whoever chose these parameters something of the data
            trainer.trainPrivately(privatePlan(2, 1, 1), TinyTask.everyoneWithoutNoise(), ProgressListener.NONE);
            assertThat(trainer.parameters()).isEqualTo(huge);
        }
    }

    @Test
    void load_badVector_isRefusedAndChangesNothing() {
        try (WorkerPool pool = TinyTask.pool(1)) {
            LoraTrainer trainer = TinyTask.trainer(pool, TinyTask.examples(3, 1));
            float[] before = trainer.parameters();
            float[] poisoned = before.clone();
            poisoned[7] = Float.NaN;
            assertThatThrownBy(() -> trainer.load(poisoned))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("parameter 7 is NaN, all must be finite");
            assertThatThrownBy(() -> trainer.load(new float[3]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("got 3");
            assertThat(trainer.parameters()).isEqualTo(before);
        }
    }

    @Test
    void newTrainer_examplesThatDoNotFit_areRefusedByPlace() {
        try (WorkerPool pool = TinyTask.pool(1)) {
            assertRefused(
                    pool, new EncodedExample(new int[] {1}, 3, null), "example 1 has label 3, allowed are 0 to 2");
            assertRefused(
                    pool, new EncodedExample(new int[10], 0, null), "example 1 has 10 tokens, allowed are 1 to 9");
            assertRefused(
                    pool, new EncodedExample(new int[] {11}, 0, null), "example 1 holds token 11, allowed are 0 to 10");
            assertThatThrownBy(() -> new LoraTrainer(pool, TinyTask.adapter(), List.of(), List.of()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("there are no examples");
            assertThatThrownBy(() -> new LoraTrainer(
                            pool,
                            TinyTask.MODEL.newAdapter(new AdapterSpec(1, 1, List.of("attn_q")), List.of(), 1),
                            TinyTask.examples(1, 1),
                            List.of()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("the adapter has no classifier head");
        }
    }

    private static void assertRefused(WorkerPool pool, EncodedExample bad, String message) {
        List<EncodedExample> examples = new ArrayList<>(TinyTask.examples(1, 1));
        examples.add(bad);
        assertThatThrownBy(() -> TinyTask.trainer(pool, examples))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void evaluate_nothingHeldBack_isRefused() {
        try (WorkerPool pool = TinyTask.pool(1)) {
            LoraTrainer trainer = new LoraTrainer(pool, TinyTask.adapter(), TinyTask.examples(3, 1), List.of());
            assertThatThrownBy(trainer::evaluate).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void trainPrivately_anyNumberOfThreads_givesTheSameBits() throws InterruptedException {
        List<float[]> results = new ArrayList<>();
        for (int threads = 1; threads <= 3; threads++) {
            try (WorkerPool pool = TinyTask.pool(threads)) {
                LoraTrainer trainer = TinyTask.trainer(pool, TinyTask.examples(150, 1));
                trainer.trainPrivately(
                        privatePlan(2, 0.5, 75), new TinyTask.SeededRandomness(9, 1), ProgressListener.NONE);
                results.add(trainer.parameters());
            }
        }
        assertThat(results.get(1)).isEqualTo(results.get(0));
        assertThat(results.get(2)).isEqualTo(results.get(0));
    }

    @Test
    void trainPrivately_emptyBatches_stillTakeNoisedSteps() throws InterruptedException {
        try (WorkerPool pool = TinyTask.pool(2)) {
            LoraTrainer trainer = TinyTask.trainer(pool, TinyTask.examples(10, 1));
            float[] before = trainer.parameters();
            TinyTask.SeededRandomness randomness = new TinyTask.SeededRandomness(9, 1);
            List<ProgressListener.StepProgress> steps = new ArrayList<>();
            PrivateTrainingReport report = trainer.trainPrivately(privatePlan(3, 1e-12, 5), randomness, steps::add);

            assertThat(steps).hasSize(3).allMatch(step -> step.examples() == 0 && Double.isNaN(step.loss()));
            assertThat(trainer.parameters()).isNotEqualTo(before);
            long bound = 1L << PrivateTrainingPlan.gridBits(trainer.parameterCount());
            assertThat(randomness.sigmas)
                    .containsOnly((long) Math.ceil(1.1 * bound))
                    .hasSize(3);
            assertThat(report.noiseMultiplier()).isBetween(1.1, 1.1 + 1.0 / bound);
            assertThat(report.samplingRate()).isEqualTo(1e-12);
            assertThat(report.steps()).isEqualTo(3);
        }
    }

    @Test
    void trainPrivately_withoutNoise_learnsTheTask() throws InterruptedException {
        try (WorkerPool pool = TinyTask.pool(2)) {
            LoraTrainer trainer = TinyTask.trainer(pool, TinyTask.examples(60, 1));
            trainer.trainPrivately(privatePlan(50, 1, 60), TinyTask.everyoneWithoutNoise(), ProgressListener.NONE);
            assertThat(accuracy(trainer)).isGreaterThan(0.9);
        }
    }

    private static double accuracy(LoraTrainer trainer) throws InterruptedException {
        return ((ClassificationEvaluation) trainer.evaluate()).accuracy();
    }

    private static PrivateTrainingPlan privatePlan(int steps, double rate, double expected) {
        return new PrivateTrainingPlan(steps, rate, expected, 0.5, 1.1, OPTIMIZER);
    }
}
