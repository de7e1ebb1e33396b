package dev.fedlora.lora.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.train.ClassificationEvaluation;
import dev.fedlora.lora.train.DivergedException;
import dev.fedlora.lora.train.LearningRateSchedule;
import dev.fedlora.lora.train.OptimizerPlan;
import dev.fedlora.lora.train.PrivateRandomness;
import dev.fedlora.lora.train.PrivateTrainingPlan;
import dev.fedlora.lora.train.PrivateTrainingReport;
import dev.fedlora.lora.train.ProgressListener;
import dev.fedlora.lora.train.TrainingPlan;
import dev.fedlora.lora.train.TrainingReport;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.AMSGrad;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

class Dl4jTrainerTest {
    private static final OptimizerPlan CONSTANT = OptimizerPlan.constant(0.02, 0.02);
    private static final BaseNetwork BASE = BaseNetwork.of(TinyNetwork.trained(DataType.FLOAT));

    @Test
    void train_rounds_learn() throws InterruptedException {
        Dl4jTrainer trainer = new Dl4jTrainer(fresh(), examples(96, 1), examples(200, 9), Adam::new);
        ClassificationEvaluation before = trainer.evaluate();
        List<Double> losses = new ArrayList<>();
        TrainingReport report = null;
        OptimizerPlan faster = OptimizerPlan.constant(0.05, 0.05);
        for (int round = 0; round < 20; round++) {
            report = trainer.train(new TrainingPlan(round, 4, 16, faster), 5, step -> losses.add(step.loss()));
        }

        assertThat(losses).hasSize(20 * 24);
        assertThat(report.examples()).isEqualTo(4 * 96);
        assertThat(report.steps()).isEqualTo(24);
        assertThat(report.meanLoss()).isLessThan(0.8 * losses.get(0));
        assertThat(trainer.evaluate().accuracy()).isGreaterThan(before.accuracy() + 0.1);
    }

    @Test
    void train_sameArguments_givesTheSameBits() throws InterruptedException {
        List<float[]> results = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Dl4jTrainer trainer = new Dl4jTrainer(fresh(), TinyNetwork.data(50, 1, DataType.FLOAT));
            trainer.train(new TrainingPlan(0, 0.7, 8, CONSTANT), 5, ProgressListener.NONE);
            results.add(trainer.parameters());
        }
        assertThat(results.get(1)).isEqualTo(results.get(0));
    }

    @Test
    void train_batchesOfTokens_areRefusedAndChangeNothing() {
        Dl4jTrainer trainer = new Dl4jTrainer(fresh(), TinyNetwork.data(5, 1, DataType.FLOAT));
        float[] before = trainer.parameters();
        assertThatThrownBy(() -> trainer.train(new TrainingPlan(0, 1, 8, 512, CONSTANT), 5, ProgressListener.NONE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a network's batches are counted in examples, got a plan of 512 tokens a batch");
        assertThat(trainer.parameters()).isEqualTo(before);
    }

    @Test
    void train_gradientDescent_takesTheMeanGradientClippedAndDecays() throws InterruptedException {
        float[] start = TinyNetwork.adapter(BASE, TinyNetwork.LABELS).parameters();
        double[] mean = new double[start.length];
        for (int i = 0; i < 12; i++) {
            float[] one = gradient(i);
            Arrays.setAll(mean, j -> mean[j] + one[j] / 12.0);
        }
        double norm = Math.sqrt(Arrays.stream(mean).map(x -> x * x).sum());
        double clip = norm / 2;
        OptimizerPlan plan = new OptimizerPlan(0.5, 0.25, 0.1, 0, LearningRateSchedule.CONSTANT, clip);
        LoraNetwork network = BASE.adapt(TinyNetwork.adapter(BASE, TinyNetwork.LABELS));
        new Dl4jTrainer(network, examples(12, 1), null, Sgd::new)
                .train(new TrainingPlan(0, 1, 12, plan), 5, ProgressListener.NONE);

        float[] end = network.parameters();
        for (int i = 0; i < start.length; i++) {
            double rate = i < network.headOffset() ? 0.5 : 0.25;
            double expected = start[i] * (1 - rate * 0.1) - rate * mean[i] * clip / norm;
            assertThat((double) end[i]).isCloseTo(expected, within(1e-5)); // sums of a dozen floats near 1
        }
    }

    @Test
    void train_adam_firstStepIsTheLearningRate() throws InterruptedException {
        LoraNetwork network = BASE.adapt(TinyNetwork.adapter(BASE, List.of()));
        float[] start = network.parameters();
        float[] gradient = new float[start.length];
        network.gradient(TinyNetwork.data(12, 1, DataType.FLOAT), gradient);
        new Dl4jTrainer(network, examples(12, 1), null, AMSGrad::new)
                .train(new TrainingPlan(0, 1, 12, CONSTANT), 5, ProgressListener.NONE);

        for (int i = 0; i < start.length; i++) {
            if (Math.abs(gradient[i]) > 1e-3) { // far above epsilon
                assertThat((double) network.parameters()[i])
                        .isCloseTo(start[i] - 0.02 * Math.signum(gradient[i]), within(1e-4));
            }
        }
    }

    @Test
    void planSchedule_warmUpAndCosine_areThePlans() {
        OptimizerPlan plan = new OptimizerPlan(0.1, 0.1, 0, 2, LearningRateSchedule.COSINE, 1);
        PlanSchedule schedule = new PlanSchedule(0.1, plan, 6);

        assertThat(IntStream.range(0, 6).mapToDouble(i -> schedule.valueAt(i, 0)))
                .usingElementComparator((a, b) -> Math.abs(a - b) < 1e-12 ? 0 : 1)
                .containsExactly(0.1 / 3, 0.2 / 3, 0.1, 0.05 * (1 + Math.sqrt(0.5)), 0.05, 0.05 * (1 - Math.sqrt(0.5)));
    }

    @Test
    void trainPrivately_looseBound_isTheSumOfGradientsOverTheConstant() throws InterruptedException {
        double[] expected = new double[fresh().parameterCount()];
        for (int i = 0; i < 12; i++) {
            float[] one = gradient(i);
            Arrays.setAll(expected, j -> expected[j] + one[j] / 16);
        }
        assertStep(privateStep(examples(12, 1), 1000, 16), expected, 12 * 1000 / 1024.0 / 16);
    }

    @Test
    void trainPrivately_tightBound_clipsEachExampleAlone() throws InterruptedException {
        double bound = 0.05; // shorter than the gradients here
        double[] expected = new double[fresh().parameterCount()];
        for (int i = 0; i < 12; i++) {
            float[] one = gradient(i);
            double factor = Math.min(1, bound / norm(one));
            Arrays.setAll(expected, j -> expected[j] + one[j] * factor);
        }
        assertStep(privateStep(examples(12, 1), bound, 1), expected, 12 * bound / 1024);
    }

    @Test
    void trainPrivately_namedExamples_countOnceByTheirMean() throws InterruptedException {
        double bound = 0.05;
        List<@Nullable String> names = new ArrayList<>(List.of("x", "y", "x", "x"));
        names.add(null);
        names.add(null);
        double[] expected = new double[fresh().parameterCount()];
        for (int[] group : new int[][] {{0, 2, 3}, {1}, {4}, {5}}) {
            float[] mean = new float[expected.length];
            for (int member : group) {
                float[] one = gradient(member);
                for (int j = 0; j < mean.length; j++) {
                    mean[j] += one[j] / group.length;
                }
            }
            double factor = Math.min(1, bound / norm(mean));
            Arrays.setAll(expected, j -> expected[j] + mean[j] * factor);
        }
        NetworkExamples grouped = NetworkExamples.grouped(first(6), names);
        assertStep(privateStep(grouped, bound, 1), expected, 4 * bound / 1024);
    }

    @Test
    void trainPrivately_gradientNotFinite_countsAsZero() throws InterruptedException {
        BaseNetwork base = BaseNetwork.of(TinyNetwork.linear());
        DataSet overflowing = first(3);
        overflowing.getFeatures().getRow(1).assign(Float.MAX_VALUE);
        PrivateTrainingPlan plan = new PrivateTrainingPlan(1, 1, 1, 1, 1, OptimizerPlan.constant(1, 1));
        List<float[]> results = new ArrayList<>();
        for (DataSet data : List.of(overflowing, DataSet.merge(List.of(first(3).get(0), first(3).get(2))))) {
            LoraNetwork network = base.adapt(base.newAdapter(new AdapterSpec(1, 1, List.of("layer0")), List.of(), 1));
            Dl4jTrainer trainer = new Dl4jTrainer(network, NetworkExamples.of(data), null, Sgd::new);
            trainer.trainPrivately(plan, everyoneWithoutNoise(), ProgressListener.NONE);
            results.add(trainer.parameters());
        }
        assertThat(results.get(0)).isEqualTo(results.get(1));

        LoraNetwork network = base.adapt(base.newAdapter(new AdapterSpec(1, 1, List.of("layer0")), List.of(), 1));
        float[] before = network.parameters();
        assertThatThrownBy(() -> new Dl4jTrainer(network, overflowing)
                        .train(new TrainingPlan(0, 1, 3, CONSTANT), 1, ProgressListener.NONE))
                .isInstanceOf(DivergedException.class)
                .hasMessageStartingWith("step 1: ");
        assertThat(network.parameters()).isEqualTo(before);
    }

    @Test
    void trainPrivately_noise_comesFromTheRandomnessGiven() throws InterruptedException {
        LoraNetwork network = fresh();
        PrivateTrainingPlan plan = new PrivateTrainingPlan(3, 0.5, 8, 1, 1.1, CONSTANT);
        List<Long> sigmas = new ArrayList<>();
        PrivateTrainingReport report = new Dl4jTrainer(network, examples(12, 1), null, Sgd::new)
                .trainPrivately(
                        plan,
                        new PrivateRandomness() {
                            @Override
                            public int[] poissonSample(int population, double rate) {
                                assertThat(population).isEqualTo(12);
                                assertThat(rate).isEqualTo(0.5);
                                return new int[0]; // batches of nobody are steps too
                            }

                            @Override
                            public void addDiscreteGaussian(long[] values, long sigma) {
                                sigmas.add(sigma);
                                values[1] += sigma;
                            }
                        },
                        ProgressListener.NONE);

        int parameters = network.parameterCount();
        assertThat(sigmas).containsOnly(plan.sigma(parameters)).hasSize(3);
        assertThat(report.noiseMultiplier()).isBetween(1.1, 1.1002);
        float expected = (float) (report.noiseMultiplier() / 8 * 3 * 0.02);
        assertThat(fresh().parameters()[1] - network.parameters()[1]).isCloseTo(expected, within(1e-6f));
    }

    @Test
    void evaluateFully_twoClasses_countsAndRanksAsByHand() throws InterruptedException {
        DataSet data = TinyNetwork.data(300, 9, DataType.FLOAT); // more than one pass
        Dl4jTrainer trainer = new Dl4jTrainer(fresh(), examples(4, 1), NetworkExamples.of(data), Adam::new);
        INDArray output = trainer.network().network().output(data.getFeatures());
        int correct = 0;
        double loss = 0;
        double above = 0;
        double pairs = 0;
        for (int i = 0; i < 300; i++) {
            int label = data.getLabels().getInt(i, 1);
            correct += output.getDouble(i, label) > 0.5 ? 1 : 0;
            loss -= Math.log(output.getDouble(i, label)) / 300;
            for (int j = 0; label == 1 && j < 300; j++) {
                if (data.getLabels().getInt(j, 1) == 0) {
                    pairs++;
                    above += output.getDouble(i, 1) > output.getDouble(j, 1) ? 1 : 0;
                }
            }
        }
        NetworkEvaluation full = trainer.evaluateFully();

        assertThat(full.summary().correct()).isEqualTo(correct);
        assertThat(full.summary().examples()).isEqualTo(300);
        assertThat(full.summary().meanLoss()).isCloseTo(loss, within(1e-5));
        assertThat(full.summary().labels())
                .extracting(ClassificationEvaluation.LabelCount::label)
                .isEqualTo(TinyNetwork.LABELS);
        assertThat(full.areaUnderRoc().orElseThrow()).isCloseTo(above / pairs, within(1e-9));
        ClassificationEvaluation.LabelCount yes = full.summary().labels().get(1);
        assertThat(full.f1()).isCloseTo(2.0 * yes.correct() / (yes.examples() + yes.predicted()), within(1e-9));
    }

    @Test
    void load_badValues_isRefusedAndChangesNothing() {
        Dl4jTrainer trainer = new Dl4jTrainer(fresh(), first(3));
        float[] before = trainer.parameters();
        float[] bad = new float[before.length];
        bad[7] = Float.NaN;

        assertThatThrownBy(() -> trainer.load(bad))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("parameter 7 is NaN, all must be finite");
        assertThatThrownBy(() -> trainer.load(new float[3]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the network has 58 trainable parameters, got 3");
        assertThat(trainer.parameters()).isEqualTo(before);
    }

    @Test
    void trainer_examplesOfAnotherShape_areRefused() {
        INDArray wide = Nd4j.rand(DataType.FLOAT, 3, 5);
        INDArray labels = Nd4j.rand(DataType.FLOAT, 3, 2);
        assertThatThrownBy(() -> new Dl4jTrainer(fresh(), new DataSet(wide, labels)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("examples with features of shape [5] do not fit the network: ")
                .hasMessageContaining("takes examples x 4 values");
        INDArray three = Nd4j.rand(DataType.FLOAT, 3, 3);
        assertThatThrownBy(() -> new Dl4jTrainer(fresh(), new DataSet(first(3).getFeatures(), three)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("examples have labels of shape [3], the network gives [2]");
    }

    @Test
    void networkExamples_badData_isRefused() {
        DataSet data = first(3);
        assertThatThrownBy(() -> NetworkExamples.grouped(data, List.of("x")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("3 examples got 3 labels and 1 names");
        assertThatThrownBy(() -> NetworkExamples.of(new DataSet()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("there are no examples with features and labels");
        data.getFeatures().putScalar(2, 1, Double.NaN);
        assertThatThrownBy(() -> NetworkExamples.of(data))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("example 2 has features that are not finite");
        assertThat(examples(3, 1)).hasToString("NetworkExamples[3 examples]");
    }

    @Test
    void evaluate_nothingHeldBack_isRefused() {
        assertThatThrownBy(() -> new Dl4jTrainer(fresh(), first(3)).evaluate())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("no examples are held back for evaluation");
    }

    @Test
    void train_interrupted_endsBeforeTheNextStep() {
        Dl4jTrainer trainer = new Dl4jTrainer(fresh(), first(12));
        List<Integer> steps = new ArrayList<>();
        assertThatThrownBy(() -> trainer.train(new TrainingPlan(0, 1, 1, CONSTANT), 1, step -> {
                    steps.add(step.step());
                    Thread.currentThread().interrupt();
                }))
                .isInstanceOf(InterruptedException.class);
        assertThat(steps).containsExactly(1);
    }

    /** Returns what one step of gradient descent at rate 1 subtracted, everybody in the batch and no noise. */
    private static double[] privateStep(NetworkExamples examples, double clippingBound, double expectedBatchSize)
            throws InterruptedException {
        PrivateTrainingPlan plan =
                new PrivateTrainingPlan(1, 1, expectedBatchSize, clippingBound, 1, OptimizerPlan.constant(1, 1));
        LoraNetwork network = BASE.adapt(TinyNetwork.adapter(BASE, TinyNetwork.LABELS));
        float[] before = network.parameters();
        new Dl4jTrainer(network, examples, null, Sgd::new)
                .trainPrivately(plan, everyoneWithoutNoise(), ProgressListener.NONE);
        float[] after = network.parameters();
        return IntStream.range(0, before.length)
                .mapToDouble(i -> before[i] - after[i])
                .toArray();
    }

    private static PrivateRandomness everyoneWithoutNoise() {
        return new PrivateRandomness() {
            @Override
            public int[] poissonSample(int population, double rate) {
                return IntStream.range(0, population).toArray();
            }

            @Override
            public void addDiscreteGaussian(long[] values, long sigma) {
                // none
            }
        };
    }

    /** @param truncation what truncating every group's gradient to the grid can add up to */
    private static void assertStep(double[] actual, double[] expected, double truncation) {
        // parameters near 1 are floats, hence 1e-6; the grid is at least 1024 steps of a coordinate wide
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).isCloseTo(expected[i], within(truncation / 8 + 1e-6 + 1e-5 * Math.abs(expected[i])));
        }
    }

    /** Returns the gradient of one example's loss. */
    private static float[] gradient(int example) {
        LoraNetwork network = BASE.adapt(TinyNetwork.adapter(BASE, TinyNetwork.LABELS));
        float[] gradient = new float[network.parameterCount()];
        network.gradient(TinyNetwork.data(12, 1, DataType.FLOAT).asList().get(example), gradient);
        return gradient;
    }

    private static double norm(float[] values) {
        return Math.sqrt(IntStream.range(0, values.length)
                .mapToDouble(i -> values[i] * values[i])
                .sum());
    }

    private static LoraNetwork fresh() {
        return BASE.adapt(BASE.newAdapter(TinyNetwork.spec(), TinyNetwork.LABELS, 2));
    }

    private static NetworkExamples examples(int count, long seed) {
        return NetworkExamples.of(TinyNetwork.data(count, seed, DataType.FLOAT));
    }

    /** Returns the first of the twelve examples that {@link #gradient} is of. */
    private static DataSet first(int count) {
        return DataSet.merge(TinyNetwork.data(12, 1, DataType.FLOAT).asList().subList(0, count));
    }
}
