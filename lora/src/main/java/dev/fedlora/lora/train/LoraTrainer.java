package dev.fedlora.lora.train;

import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.EncodedExample;
import dev.fedlora.lora.model.BoundAdapter;
import java.util.ArrayList;
import java.util.List;

/**
 * Trains the LoRA factors and the classifier head of one adapter over a frozen base model. The parameters are the adapter's,
 * in its canonical order.
 *
 * <p>Examples are cut into shards of a few hundred tokens that the pool's threads compute, and the shards' gradients are
 * added in their order, so the result is the same to the bit for any number of threads.
 */
public final class LoraTrainer implements LocalTrainer {
    private final WorkerPool pool;
    private final BoundAdapter adapter;
    private final List<EncodedExample> examples;
    private final List<EncodedExample> heldBack;
    private final Groups groups;

    /**
     * @param pool whose model the adapter was made for; stays the caller's to close
     * @param adapter with a classifier head; trained in place
     * @param examples to train on, at least one
     * @param heldBack to evaluate on, possibly none
     * @throws IllegalArgumentException when the adapter or an example does not fit the model
     */
    public LoraTrainer(
            WorkerPool pool, LoraAdapter adapter, List<EncodedExample> examples, List<EncodedExample> heldBack) {
        this.pool = pool;
        this.adapter = pool.model().bind(adapter);
        this.examples = List.copyOf(examples);
        this.heldBack = List.copyOf(heldBack);
        ClassifierHead head = ExampleCheck.head(this.adapter);
        ExampleCheck.check(pool.model(), head, examples);
        if (!heldBack.isEmpty()) {
            ExampleCheck.check(pool.model(), head, heldBack);
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
        return adapter.adapter().parameters();
    }

    @Override
    public void load(float[] parameters) {
        for (int i = 0; i < parameters.length; i++) {
            if (!Float.isFinite(parameters[i])) {
                throw new IllegalArgumentException(
                        "parameter %d is %s, all must be finite".formatted(i, parameters[i]));
            }
        }
        adapter.adapter().setParameters(parameters);
    }

    @Override
    public TrainingReport train(TrainingPlan plan, long seed, ProgressListener listener) throws InterruptedException {
        int[] turn = new DataOrder(examples.size(), seed).round(plan.round(), plan.share());
        int steps = (turn.length + plan.batchSize() - 1) / plan.batchSize();
        AdamW optimizer = new AdamW(plan.optimizer(), adapter.adapter(), adapter.headOffset(), steps);
        BatchGradient gradient = new BatchGradient(pool, adapter);
        double loss = 0;
        for (int step = 0; step < steps; step++) {
            List<EncodedExample> batch = new ArrayList<>();
            int end = Math.min(turn.length, (step + 1) * plan.batchSize());
            for (int i = step * plan.batchSize(); i < end; i++) {
                batch.add(examples.get(turn[i]));
            }
            double mean = gradient.compute(step + 1, batch, plan.optimizer().gradientClip());
            optimizer.step(gradient.values());
            loss += mean * batch.size();
            listener.stepDone(new ProgressListener.StepProgress(step + 1, steps, batch.size(), mean));
        }
        return new TrainingReport(steps, turn.length, loss / turn.length);
    }

    @Override
    public PrivateTrainingReport trainPrivately(
            PrivateTrainingPlan plan, PrivateRandomness randomness, ProgressListener listener)
            throws InterruptedException {
        AdamW optimizer = new AdamW(plan.optimizer(), adapter.adapter(), adapter.headOffset(), plan.steps());
        PrivateGradient gradient = new PrivateGradient(pool, adapter, plan);
        for (int step = 1; step <= plan.steps(); step++) {
            List<List<EncodedExample>> batch = new ArrayList<>();
            for (int chosen : randomness.poissonSample(groups.count(), plan.samplingRate())) {
                batch.add(groups.get(chosen));
            }
            double mean = gradient.compute(batch, randomness);
            optimizer.step(gradient.values());
            int size = batch.stream().mapToInt(List::size).sum();
            listener.stepDone(new ProgressListener.StepProgress(step, plan.steps(), size, mean));
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
        return new Evaluator(pool).evaluate(adapter, heldBack);
    }
}
