package dev.fedlora.lora.train;

import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.TrainingExample;
import dev.fedlora.lora.model.BoundAdapter;
import dev.fedlora.lora.model.Dropout;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Trains one adapter over a frozen base model: LoRA factors and classifier head on texts with classes, or LoRA factors on
 * texts whose tokens are to be predicted. The parameters are the adapter's trained values, in its canonical order.
 *
 * <p>The loss of a batch is the mean cross entropy over its texts when they are classified, and over all its tokens that are
 * to be predicted when they are learned, as PyTorch and Transformers have it: a long answer weighs more than a short one.
 * Private training differs: there each text's loss is the mean over its own tokens, so that what one weighs does not
 * depend on the others.
 *
 * <p>Examples are cut into shards of a few hundred tokens that the pool's threads compute, and the shards' gradients are
 * added in their order, so the result is the same to the bit for any number of threads, with dropout too.
 */
public final class LoraTrainer implements LocalTrainer {
    private final WorkerPool pool;
    private final BoundAdapter adapter;
    private final LoraOptions options;
    private final List<TrainingExample> examples;
    private final List<TrainingExample> heldBack;
    private final Groups groups;
    private int privateSteps;

    /**
     * Trains plain LoRA.
     *
     * @see #LoraTrainer(WorkerPool, LoraAdapter, LoraOptions, List, List)
     */
    public LoraTrainer(
            WorkerPool pool,
            LoraAdapter adapter,
            List<? extends TrainingExample> examples,
            List<? extends TrainingExample> heldBack) {
        this(pool, adapter, LoraOptions.DEFAULT, examples, heldBack);
    }

    /**
     * Trains a variant of LoRA.
     *
     * @param pool whose model the adapter was made for; stays the caller's to close
     * @param adapter trained in place; with a classifier head when the examples have classes, without one when they are to be
     *     learned
     * @param examples to train on, at least one, all of one kind
     * @param heldBack to evaluate on, of the same kind, possibly none
     * @throws IllegalArgumentException when the adapter or an example does not fit the model
     */
    public LoraTrainer(
            WorkerPool pool,
            LoraAdapter adapter,
            LoraOptions options,
            List<? extends TrainingExample> examples,
            List<? extends TrainingExample> heldBack) {
        this.pool = pool;
        this.adapter = options.bind(pool.model(), adapter);
        this.options = options;
        this.examples = List.copyOf(examples);
        this.heldBack = List.copyOf(heldBack);
        ExampleCheck.check(pool.model(), this.adapter, examples);
        if (!heldBack.isEmpty()) {
            ExampleCheck.check(pool.model(), this.adapter, heldBack);
        }
        this.groups = Groups.of(this.examples);
    }

    /** Returns the adapter that is trained. */
    public LoraAdapter adapter() {
        return adapter.adapter();
    }

    @Override
    public int parameterCount() {
        return adapter.parameterCount();
    }

    @Override
    public float[] parameters() {
        return adapter.parameters();
    }

    @Override
    public void load(float[] parameters) {
        for (int i = 0; i < parameters.length; i++) {
            if (!Float.isFinite(parameters[i])) {
                throw new IllegalArgumentException(
                        "parameter %d is %s, all must be finite".formatted(i, parameters[i]));
            }
        }
        adapter.setParameters(parameters);
    }

    /**
     * Returns the share of the data that {@code steps} packed steps of a first round go over.
     *
     * @param batchTokens tokens a step, at least 1
     * @param seed of the order of the examples
     */
    public double packedShare(int steps, int batchTokens, long seed) {
        double share = 1;
        while (true) {
            TrainingPlan plan = new TrainingPlan(0, share, 1, batchTokens, OptimizerPlan.constant(1, 1));
            int[] turn = new DataOrder(examples.size(), seed).round(0, share);
            Batches batches = new Batches(examples, turn, plan);
            if (batches.count() > steps) { // so that the last of the steps is a full one
                return (batches.examples(steps) + 0.5) / examples.size(); // half an example more, as it is rounded down
            }
            share *= 2;
        }
    }

    @Override
    public TrainingReport train(TrainingPlan plan, long seed, ProgressListener listener) throws InterruptedException {
        PlainTraining training = new PlainTraining(this, plan, seed);
        while (!training.isDone()) {
            training.step(listener);
        }
        return training.report();
    }

    /**
     * Trains like {@link #train(TrainingPlan, long, ProgressListener)} and keeps checkpoints; goes on from the one that is
     * there. What comes out are the same bytes as without an interruption: a checkpoint of another back end, of other row
     * kernels or of micro-batches of other rows is refused, since those round otherwise. The number of threads and what a
     * pass keeps may change.
     *
     * @param checkpoints where the state is kept after every so many steps, after the last one, and when the thread is
     *     interrupted
     * @throws dev.fedlora.lora.file.MalformedFileException when the checkpoint there is of another base model, adapter, data,
     *     plan, seed, back end or micro-batch, or is broken; nothing is changed then
     * @throws IOException when a checkpoint cannot be read or written
     */
    public TrainingReport train(TrainingPlan plan, long seed, ProgressListener listener, CheckpointStore checkpoints)
            throws InterruptedException, IOException {
        PlainTraining training = new PlainTraining(this, plan, seed);
        Map<String, String> origin = TrainingOrigin.of(this, plan, seed);
        int values = adapter().parameterCount();
        Optional<Checkpoint> last = checkpoints.read(origin, values, parameterCount());
        last.ifPresent(training::restore);
        int kept = training.stepsTaken();
        try {
            while (!training.isDone()) {
                training.step(listener);
                if (training.isDone() || checkpoints.isDue(training.stepsTaken())) {
                    checkpoints.write(training.checkpoint(origin));
                    kept = training.stepsTaken();
                }
            }
        } catch (InterruptedException interrupted) {
            if (training.stepsTaken() > kept) {
                checkpoints.write(training.checkpoint(origin));
            }
            throw interrupted;
        }
        return training.report();
    }

    @Override
    public PrivateTrainingReport trainPrivately(
            PrivateTrainingPlan plan, PrivateRandomness randomness, ProgressListener listener)
            throws InterruptedException {
        AdamW optimizer = new AdamW(plan.optimizer(), adapter, plan.steps());
        PrivateGradient gradient = new PrivateGradient(pool, adapter, plan);
        for (int step = 1; step <= plan.steps(); step++) {
            List<List<TrainingExample>> batch = new ArrayList<>();
            for (int chosen : randomness.poissonSample(groups.count(), plan.samplingRate())) {
                batch.add(groups.get(chosen));
            }
            Dropout masks = new Dropout(options.dropout(), PlainTraining.stepSeed(0, 0, privateSteps++), 0);
            double mean = gradient.compute(batch, masks, randomness);
            optimizer.step(gradient.values());
            int size = batch.stream().mapToInt(List::size).sum();
            long tokens = batch.stream().mapToLong(Groups::rows).sum();
            listener.stepDone(new ProgressListener.StepProgress(step, plan.steps(), size, tokens, mean));
        }
        double multiplier =
                plan.sigma(parameterCount()) / (double) (1L << PrivateTrainingPlan.gridBits(parameterCount()));
        return new PrivateTrainingReport(plan.steps(), plan.samplingRate(), multiplier);
    }

    @Override
    public Evaluation evaluate() throws InterruptedException {
        if (heldBack.isEmpty()) {
            throw new IllegalStateException("no examples are held back for evaluation");
        }
        return new Evaluator(pool).evaluateAny(adapter, heldBack);
    }

    WorkerPool pool() {
        return pool;
    }

    BoundAdapter bound() {
        return adapter;
    }

    LoraOptions options() {
        return options;
    }

    List<TrainingExample> examples() {
        return examples;
    }
}
