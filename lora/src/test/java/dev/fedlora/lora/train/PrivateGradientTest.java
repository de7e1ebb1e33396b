package dev.fedlora.lora.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.lora.data.EncodedExample;
import dev.fedlora.lora.data.TrainingExample;
import dev.fedlora.lora.model.AdapterGradients;
import dev.fedlora.lora.model.BoundAdapter;
import dev.fedlora.lora.model.Dropout;
import dev.fedlora.lora.tensor.MatrixBackends;
import dev.fedlora.testkit.Property;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PrivateGradientTest {
    private final BoundAdapter adapter = TinyTask.MODEL.bind(TinyTask.adapter());
    private final int parameters = adapter.parameterCount();

    @BeforeEach
    void leaveTheStart() {
        float[] all = adapter.adapter().parameters();
        SplittableRandom random = new SplittableRandom(2);
        for (int i = 0; i < all.length; i++) {
            all[i] = (float) (0.3 * random.nextGaussian());
        }
        adapter.adapter().setParameters(all);
    }

    @Test
    void compute_looseBound_isTheSumOfGradientsOverTheConstant() throws InterruptedException {
        List<EncodedExample> examples = TinyTask.examples(40, 1);
        float[] actual = compute(singles(examples), plan(1000, 16));
        double[] expected = new double[parameters];
        for (EncodedExample example : examples) {
            add(expected, gradient(List.of(example)), 1 / 16.0);
        }
        assertClose(actual, expected, 40 * grid(1000) / 16);
    }

    @Test
    void compute_tightBound_clipsEachGroupAlone() throws InterruptedException {
        List<EncodedExample> examples = TinyTask.examples(40, 1);
        double bound = 0.2; // shorter than the gradients here
        float[] actual = compute(singles(examples), plan(bound, 1));
        double[] expected = new double[parameters];
        for (EncodedExample example : examples) {
            float[] gradient = gradient(List.of(example));
            add(expected, gradient, Math.min(1, bound / norm(gradient)));
        }
        assertClose(actual, expected, 40 * grid(bound));
    }

    @Test
    void compute_groupsOfManyExamples_takeTheMeanAndCountOnce() throws InterruptedException {
        List<List<TrainingExample>> groups = List.of(
                List.copyOf(TinyTask.examples(3, 1)),
                List.copyOf(TinyTask.examples(100, 2)), // two micro-batches
                List.copyOf(TinyTask.examples(1, 3)));
        double bound = 0.2;
        float[] actual = compute(groups, plan(bound, 1));
        double[] expected = new double[parameters];
        for (List<TrainingExample> group : groups) {
            float[] gradient = gradient(group);
            add(expected, gradient, Math.min(1, bound / norm(gradient)));
        }
        assertClose(actual, expected, 3 * grid(bound));
    }

    @Test
    void groups_ofExamples_joinTheSameNameAndKeepTheUnnamedApart() {
        Groups groups = Groups.of(List.of(named("x"), named(null), named("y"), named("x"), named(null)));
        assertThat(groups.count()).isEqualTo(4);
        assertThat(groups.get(0)).hasSize(2);
        assertThat(groups.get(1)).hasSize(1);
        assertThat(groups.get(2)).extracting(TrainingExample::group).containsExactly("y");
    }

    private static EncodedExample named(String group) {
        return new EncodedExample(new int[] {1}, 0, group);
    }

    @Test
    void clippedSum_anyGradient_isNeverLongerThanTheBound() {
        Property.forAll(200, random -> {
            double bound = Math.exp(random.nextDouble(-6, 6));
            float[] gradient = Property.floats(random, random.nextInt(1, 300));
            float size = (float) Math.exp(random.nextDouble(-20, 20));
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] *= size;
            }
            PrivateTrainingPlan plan = plan(bound, 1);
            ClippedSum sum = new ClippedSum(plan, gradient.length, TinyTask.everyoneWithoutNoise());
            sum.add(gradient);
            float[] clipped = new float[gradient.length];
            sum.writeTo(clipped, 1);

            assertThat(norm(clipped)).isLessThanOrEqualTo(bound * (1 + 1e-6)); // floats again, hence the margin
            double factor = Math.min(1, bound / norm(gradient));
            double step = bound / (1L << PrivateTrainingPlan.gridBits(gradient.length));
            for (int i = 0; i < clipped.length; i++) {
                double wanted = gradient[i] * factor;
                assertThat(Math.abs(clipped[i])).isLessThanOrEqualTo((float) (Math.abs(wanted) * (1 + 1e-6)));
                assertThat((double) clipped[i]).isCloseTo(wanted, within(step + 1e-6 * Math.abs(wanted)));
            }
        });
    }

    @Test
    void clippedSum_noiseNotDrawn_givesNothingOut() {
        ClippedSum sum = new ClippedSum(plan(1, 1), 2, TinyTask.everyoneWithoutNoise());
        sum.writeTo(new float[2], 1);
        sum.reset();
        sum.add(new float[] {0.5f, 0});
        float[] values = new float[2];
        assertThatThrownBy(() -> sum.writeTo(values, 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the noise of this step has not been drawn");
        assertThat(values).containsOnly(0f);
        sum.drawNoise(TinyTask.everyoneWithoutNoise());
        sum.writeTo(values, 1);
        assertThat(values).containsExactly(0.5f, 0);
    }

    @Test
    void clippedSum_gradientNotFinite_addsNothing() {
        ClippedSum sum = new ClippedSum(plan(1, 1), 2, TinyTask.everyoneWithoutNoise());
        assertThat(sum.add(new float[] {1, Float.NaN})).isNaN();
        assertThat(sum.add(new float[] {1, Float.POSITIVE_INFINITY})).isInfinite();
        float[] values = {5, 5};
        sum.writeTo(values, 1);
        assertThat(values).containsOnly(0f);
    }

    @Test
    void gridBits_leaveAThousandStepsToACoordinate() {
        assertThat(PrivateTrainingPlan.gridBits(1)).isEqualTo(10);
        assertThat(PrivateTrainingPlan.gridBits(78_348)).isEqualTo(19); // 2^19 / √78,348 = 1,873
        assertThat(PrivateTrainingPlan.gridBits(Integer.MAX_VALUE)).isEqualTo(26);
    }

    private float[] compute(List<List<TrainingExample>> batch, PrivateTrainingPlan plan) throws InterruptedException {
        try (WorkerPool pool = TinyTask.pool(2)) {
            PrivateGradient gradient = new PrivateGradient(pool, adapter, plan);
            gradient.compute(batch, Dropout.NONE, TinyTask.everyoneWithoutNoise());
            return gradient.values();
        }
    }

    /** The gradient of the mean loss, by the plain path and one pass. */
    private float[] gradient(List<? extends TrainingExample> examples) {
        AdapterGradients gradients = new AdapterGradients(parameters);
        gradients.reset(1);
        List<Member> members = examples.stream()
                .map(example -> new Member(example, 0, 1f / examples.size()))
                .toList();
        try (Worker worker = new Worker(
                TinyTask.MODEL.open(MatrixBackends.select("reference").open()))) {
            worker.addGradient(members, Dropout.NONE, adapter, gradients);
        }
        return gradients.values(0);
    }

    private static PrivateTrainingPlan plan(double clippingBound, double expectedBatchSize) {
        return new PrivateTrainingPlan(1, 1, expectedBatchSize, clippingBound, 1, OptimizerPlan.constant(0.01, 0.01));
    }

    private double grid(double clippingBound) {
        return clippingBound / (1L << PrivateTrainingPlan.gridBits(parameters));
    }

    private static List<List<TrainingExample>> singles(List<EncodedExample> examples) {
        List<List<TrainingExample>> groups = new ArrayList<>();
        examples.forEach(example -> groups.add(List.of(example)));
        return groups;
    }

    private static void add(double[] sum, float[] values, double factor) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += values[i] * factor;
        }
    }

    private static double norm(float[] values) {
        double square = 0;
        for (float value : values) {
            square += (double) value * value;
        }
        return Math.sqrt(square);
    }

    /** @param truncation what truncating every group's gradient to the grid can add up to */
    private static void assertClose(float[] actual, double[] expected, double truncation) {
        for (int i = 0; i < actual.length; i++) {
            assertThat((double) actual[i])
                    .isCloseTo(expected[i], within(truncation + 1e-5 * Math.abs(expected[i]) + 1e-6));
        }
    }
}
