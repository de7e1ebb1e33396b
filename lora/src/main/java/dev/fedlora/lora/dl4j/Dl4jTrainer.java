package dev.fedlora.lora.dl4j;

import dev.fedlora.lora.train.ClassificationEvaluation;
import dev.fedlora.lora.train.ClippedSum;
import dev.fedlora.lora.train.DataOrder;
import dev.fedlora.lora.train.DivergedException;
import dev.fedlora.lora.train.LocalTrainer;
import dev.fedlora.lora.train.PrivateRandomness;
import dev.fedlora.lora.train.PrivateTrainingPlan;
import dev.fedlora.lora.train.PrivateTrainingReport;
import dev.fedlora.lora.train.ProgressListener;
import dev.fedlora.lora.train.TrainingPlan;
import dev.fedlora.lora.train.TrainingReport;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * Trains the LoRA factors, and the head where there is one, of a network of Deeplearning4j. The parameters are those of
 * {@link LoraNetwork}, in its canonical order.
 *
 * <p>Steps are taken by an updater of ND4J, Adam unless another is chosen, that follows the plan's warm-up and schedule; the
 * plan's weight decay is decoupled, as in AdamW. ND4J's Adam adds its epsilon to the root of the second moment before that
 * is corrected for its start at zero, so first steps of tiny gradients are a little shorter than those of the transformer
 * engine's AdamW. The updater and the training settings that the base network was once trained with play no part.
 *
 * <p>Private training computes each group's gradient in a pass of its own, so a gradient that is clipped is that of one group
 * whatever the layers do.
 *
 * <p>Computes on the calling thread. The same arguments give the same bytes on one platform: no layer draws random numbers
 * here. ND4J may split sums by its number of threads ({@code OMP_NUM_THREADS}), which is part of the platform.
 */
public final class Dl4jTrainer implements LocalTrainer {
    private final LoraNetwork network;
    private final NetworkExamples examples;
    private final @Nullable NetworkExamples heldBack;
    private final Function<ISchedule, IUpdater> updaters;

    /**
     * Trains with Adam and holds nothing back.
     *
     * @throws IllegalArgumentException when the examples do not fit the network
     */
    public Dl4jTrainer(LoraNetwork network, DataSet examples) {
        this(network, NetworkExamples.of(examples), null, Adam::new);
    }

    /**
     * Makes a trainer.
     *
     * @param network trained in place
     * @param examples to train on
     * @param heldBack to evaluate on, or null for none
     * @param updaters makes ND4J's updater of a round from the schedule it is to follow, such as {@code AMSGrad::new}
     * @throws IllegalArgumentException when examples do not fit the network
     */
    public Dl4jTrainer(
            LoraNetwork network,
            NetworkExamples examples,
            @Nullable NetworkExamples heldBack,
            Function<ISchedule, IUpdater> updaters) {
        this.network = network;
        this.examples = examples;
        this.heldBack = heldBack;
        this.updaters = updaters;
        requireFits(network, "examples", examples);
        if (heldBack != null) {
            requireFits(network, "examples held back", heldBack);
        }
    }

    /** One pass shows whether the shapes go together: all examples of a data set have the same. */
    private static void requireFits(LoraNetwork network, String what, NetworkExamples examples) {
        DataSet first = examples.examples().get(0);
        long[] features = withoutFirst(first.getFeatures());
        INDArray output;
        try {
            output = network.network().output(first.getFeatures(), false, first.getFeaturesMaskArray(), null);
        } catch (RuntimeException refused) { // by whichever layer noticed
            throw new IllegalArgumentException(
                    "%s with features of shape %s do not fit the network: %s"
                            .formatted(what, Arrays.toString(features), refused.getMessage()),
                    refused);
        }
        if (!Arrays.equals(output.shape(), first.getLabels().shape())) {
            throw new IllegalArgumentException("%s have labels of shape %s, the network gives %s"
                    .formatted(
                            what,
                            Arrays.toString(withoutFirst(first.getLabels())),
                            Arrays.toString(withoutFirst(output))));
        }
    }

    private static long[] withoutFirst(INDArray batch) {
        return Arrays.copyOfRange(batch.shape(), 1, batch.rank());
    }

    /** Returns the network that is trained. */
    public LoraNetwork network() {
        return network;
    }

    @Override
    public int parameterCount() {
        return network.parameterCount();
    }

    @Override
    public float[] parameters() {
        return network.parameters();
    }

    @Override
    public void load(float[] parameters) {
        network.load(parameters);
    }

    /** @throws IllegalArgumentException when batches are to be filled by tokens: these examples have none */
    @Override
    public TrainingReport train(TrainingPlan plan, long seed, ProgressListener listener) throws InterruptedException {
        if (plan.isPacked()) {
            throw new IllegalArgumentException("a network's batches are counted in examples, got a plan of "
                    + plan.batchTokens() + " tokens a batch");
        }
        int[] turn = new DataOrder(examples.count(), seed).round(plan.round(), plan.share());
        int steps = (turn.length + plan.batchSize() - 1) / plan.batchSize();
        NetworkOptimizer optimizer = new NetworkOptimizer(plan.optimizer(), updaters, network, steps);
        float[] gradient = new float[parameterCount()];
        double loss = 0;
        for (int step = 0; step < steps; step++) {
            requireNotInterrupted(step + 1);
            List<DataSet> batch = new ArrayList<>();
            int end = Math.min(turn.length, (step + 1) * plan.batchSize());
            for (int i = step * plan.batchSize(); i < end; i++) {
                batch.add(examples.examples().get(turn[i]));
            }
            double mean = network.gradient(DataSet.merge(batch), gradient);
            requireFinite(step + 1, "the loss", mean);
            scale(step + 1, gradient, 1.0 / batch.size(), plan.optimizer().gradientClip());
            step(step + 1, optimizer, gradient);
            loss += mean * batch.size();
            listener.stepDone(new ProgressListener.StepProgress(step + 1, steps, batch.size(), mean));
        }
        return new TrainingReport(steps, turn.length, loss / turn.length);
    }

    @Override
    public PrivateTrainingReport trainPrivately(
            PrivateTrainingPlan plan, PrivateRandomness randomness, ProgressListener listener)
            throws InterruptedException {
        NetworkOptimizer optimizer = new NetworkOptimizer(plan.optimizer(), updaters, network, plan.steps());
        float[] gradient = new float[parameterCount()];
        for (int step = 1; step <= plan.steps(); step++) {
            int[] chosen = randomness.poissonSample(examples.groups().size(), plan.samplingRate());
            ClippedSum sum = new ClippedSum(plan, gradient.length, randomness);
            double loss = 0;
            int size = 0;
            for (int group : chosen) {
                requireNotInterrupted(step);
                List<DataSet> members = examples.groups().get(group);
                loss += meanGradient(members, gradient);
                size += members.size();
                sum.add(gradient);
            }
            requireNotInterrupted(step);
            sum.writeTo(gradient, plan.expectedBatchSize());
            step(step, optimizer, gradient);
            double mean = chosen.length == 0 ? Double.NaN : loss / chosen.length;
            listener.stepDone(new ProgressListener.StepProgress(step, plan.steps(), size, mean));
        }
        double multiplier =
                plan.sigma(parameterCount()) / (double) (1L << PrivateTrainingPlan.gridBits(parameterCount()));
        return new PrivateTrainingReport(plan.steps(), plan.samplingRate(), multiplier);
    }

    /** The gradient of the mean, so that whoever has many examples counts once; returns the mean loss. */
    private double meanGradient(List<DataSet> group, float[] into) {
        double loss = network.gradient(DataSet.merge(group), into);
        for (int i = 0; i < into.length; i++) {
            into[i] /= group.size();
        }
        return loss;
    }

    @Override
    public ClassificationEvaluation evaluate() throws InterruptedException {
        return evaluateFully().summary();
    }

    /**
     * Evaluates the parameters on the examples held back, with more measures.
     *
     * @throws IllegalStateException when none are held back, or their labels are not of classes, one column each
     * @throws InterruptedException when the thread is interrupted
     */
    public NetworkEvaluation evaluateFully() throws InterruptedException {
        if (heldBack == null) {
            throw new IllegalStateException("no examples are held back for evaluation");
        }
        return new NetworkEvaluator(network, heldBack).evaluate();
    }

    private void step(int step, NetworkOptimizer optimizer, float[] gradient) {
        float[] all = network.parameters();
        optimizer.step(all, gradient);
        for (float value : all) {
            requireFinite(step, "a parameter", value);
        }
        network.load(all);
    }

    /** Multiplies by {@code factor}, and by less where the norm would be above {@code clip}. */
    private static void scale(int step, float[] gradient, double factor, double clip) {
        double square = 0;
        for (float value : gradient) {
            square += (double) value * value;
        }
        double norm = factor * Math.sqrt(square);
        requireFinite(step, "the norm of the gradient", norm);
        float all = (float) (norm > clip ? factor * clip / norm : factor);
        for (int i = 0; i < gradient.length; i++) {
            gradient[i] *= all;
        }
    }

    private static void requireFinite(int step, String what, double got) {
        if (!Double.isFinite(got)) {
            throw new DivergedException(step, what, got);
        }
    }

    private static void requireNotInterrupted(int step) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException("interrupted in step " + step);
        }
    }
}
