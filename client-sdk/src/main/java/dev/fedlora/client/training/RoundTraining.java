package dev.fedlora.client.training;

import dev.fedlora.aggregation.wire.LocalTraining;
import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.lora.train.LocalTrainer;
import dev.fedlora.lora.train.OptimizerPlan;
import dev.fedlora.lora.train.PrivateTrainingPlan;
import dev.fedlora.lora.train.ProgressListener;
import dev.fedlora.lora.train.TrainingPlan;
import dev.fedlora.lora.train.TrainingReport;

/**
 * Trains the rounds of one task as its settings say: plain passes over a share of the data, or DP-SGD where the task has
 * a privacy guarantee. Not thread-safe.
 */
public final class RoundTraining {
    private final TaskSpec task;
    private final LocalTrainer trainer;
    private final RoundBits bits;

    /** Makes the training of a task; {@code bits} are drawn where it has a privacy guarantee. */
    public RoundTraining(TaskSpec task, LocalTrainer trainer, RoundBits bits) {
        this.task = task;
        this.trainer = trainer;
        this.bits = bits;
    }

    /**
     * Trains for one round, starting from {@code received}.
     *
     * @param round number, from 1
     * @throws IllegalArgumentException when {@code received} has not the trainer's length
     * @throws dev.fedlora.lora.train.DivergedException when a loss or gradient stops being finite
     * @throws InterruptedException when the thread is interrupted
     */
    public TrainedUpdate train(long round, float[] received) throws InterruptedException {
        trainer.load(received);
        LocalTraining settings = task.training();
        OptimizerPlan optimizer = OptimizerPlan.constant(settings.learningRate(), settings.headLearningRate());
        if (task.privacy() != null) {
            SampledRandomness randomness = new SampledRandomness(bits.of(round, RoundBits.Use.PRIVATE_TRAINING));
            trainer.trainPrivately(plan(task.privacy(), optimizer), randomness, ProgressListener.NONE);
            return new TrainedUpdate(trainer.parameters(), 0, Double.NaN);
        }
        TrainingPlan plan =
                new TrainingPlan(Math.toIntExact(round - 1), settings.dataFraction(), settings.batchSize(), optimizer);
        TrainingReport report = trainer.train(plan, settings.seed(), ProgressListener.NONE);
        return new TrainedUpdate(trainer.parameters(), report.examples(), report.meanLoss());
    }

    private PrivateTrainingPlan plan(PrivacySpec privacy, OptimizerPlan optimizer) {
        return new PrivateTrainingPlan(
                privacy.stepsPerRound(),
                privacy.samplingRate(),
                task.training().batchSize(), // the divisor must not depend on how much data this client has
                privacy.gradientClip(),
                privacy.noiseMultiplier(),
                optimizer);
    }
}
