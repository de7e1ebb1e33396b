package dev.fedlora.lora.train;

import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.TrainingExample;
import dev.fedlora.lora.model.BoundAdapter;
import dev.fedlora.lora.model.Dropout;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** One round of plain training, step by step. */
final class PlainTraining {
    private static final long DROPOUT = 0x64726f706f7574L; // "dropout": masks and the order of examples share the seed

    private final TrainingPlan plan;
    private final long seed;
    private final float dropout;
    private final BoundAdapter adapter;
    private final Batches batches;
    private final AdamW optimizer;
    private final BatchGradient gradient;
    private double lossSum;
    private long losses;

    PlainTraining(LoraTrainer trainer, TrainingPlan plan, long seed) {
        this.plan = plan;
        this.seed = seed;
        this.dropout = trainer.options().dropout();
        this.adapter = trainer.bound();
        List<TrainingExample> examples = trainer.examples();
        int[] turn = new DataOrder(examples.size(), seed).round(plan.round(), plan.share());
        this.batches = new Batches(examples, turn, plan);
        this.optimizer = new AdamW(plan.optimizer(), adapter, batches.count());
        this.gradient = new BatchGradient(trainer.pool(), adapter);
    }

    boolean isDone() {
        return optimizer.stepsTaken() == batches.count();
    }

    int stepsTaken() {
        return optimizer.stepsTaken();
    }

    /** Takes the next step. */
    void step(ProgressListener listener) throws InterruptedException {
        int step = optimizer.stepsTaken() + 1;
        List<TrainingExample> batch = batches.get(step - 1);
        Dropout masks = new Dropout(dropout, stepSeed(seed, plan.round(), step), 0);
        double mean = gradient.compute(step, batch, masks, plan.optimizer().gradientClip());
        optimizer.step(gradient.values());
        lossSum += mean * Member.losses(batch);
        losses += Member.losses(batch);
        long tokens = batch.stream().mapToLong(Member::rows).sum();
        listener.stepDone(new ProgressListener.StepProgress(step, batches.count(), batch.size(), tokens, mean));
    }

    /** Returns a seed of its own for each step of each round. */
    static long stepSeed(long seed, int round, int step) {
        long base = new SplittableRandom(seed ^ DROPOUT).nextLong();
        return new SplittableRandom(base + ((long) round << Integer.SIZE) + step).nextLong();
    }

    TrainingReport report() {
        int steps = optimizer.stepsTaken();
        return new TrainingReport(steps, batches.examples(steps), lossSum / losses);
    }

    Checkpoint checkpoint(Map<String, String> origin) {
        LoraAdapter all = adapter.adapter();
        return new Checkpoint(
                origin,
                optimizer.stepsTaken(),
                lossSum,
                all.parameters(),
                optimizer.firstMoments(),
                optimizer.secondMoments());
    }

    /**
     * Goes on where {@code checkpoint} was made.
     *
     * @throws IllegalArgumentException when it is of a later step than there are; nothing is changed then
     */
    void restore(Checkpoint checkpoint) {
        OptimizerPlan.require(
                checkpoint.step() <= batches.count(),
                "step of a checkpoint",
                "at most " + batches.count(),
                checkpoint.step());
        adapter.adapter().setParameters(checkpoint.values());
        optimizer.restore(checkpoint.step(), checkpoint.first(), checkpoint.second());
        lossSum = checkpoint.lossSum();
        for (int step = 0; step < checkpoint.step(); step++) {
            losses += Member.losses(batches.get(step));
        }
    }
}
