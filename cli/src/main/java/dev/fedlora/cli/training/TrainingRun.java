package dev.fedlora.cli.training;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.client.training.SampledRandomness;
import dev.fedlora.lora.data.TrainingExample;
import dev.fedlora.lora.train.CheckpointStore;
import dev.fedlora.lora.train.LoraTrainer;
import dev.fedlora.lora.train.PrivateTrainingPlan;
import dev.fedlora.lora.train.PrivateTrainingReport;
import dev.fedlora.lora.train.ProgressListener;
import dev.fedlora.lora.train.TrainingPlan;
import dev.fedlora.lora.train.TrainingReport;
import dev.fedlora.privacy.accounting.Accountants;
import dev.fedlora.privacy.accounting.NoiseKind;
import dev.fedlora.privacy.accounting.SampledGaussian;
import dev.fedlora.privacy.sampler.SecureBits;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One training, planned from the options as a whole before anything is computed. */
interface TrainingRun {
    /**
     * Trains, and puts what came of it into {@code json}.
     *
     * @throws IOException when a checkpoint cannot be read or written
     */
    void train(LoraTrainer trainer, ProgressListener listener, ObjectNode json)
            throws InterruptedException, IOException;

    /**
     * Returns plain training as the options ask for.
     *
     * @param packedTokens tokens a step when batches are packed, else 0
     * @throws IllegalArgumentException when an option is out of its range
     */
    static TrainingRun plain(TrainingOptions options, int examples, int packedTokens, @Nullable CheckpointStore store) {
        double share = share(options.steps(), options.batch(), examples);
        TrainingPlan plan = new TrainingPlan(0, share, options.batch(), packedTokens, options.optimizer());
        return new Plain(plan, options.steps(), options.seed(), store);
    }

    /**
     * Returns private training as the options ask for.
     *
     * @throws IllegalArgumentException when an option is out of its range
     */
    static TrainingRun secret(TrainingOptions options, double noise, List<? extends TrainingExample> examples) {
        int units = groups(examples);
        double rate = Math.min(1, (double) options.batch() / units);
        Integer asked = options.steps();
        int steps = asked == null ? (units + options.batch() - 1) / options.batch() : asked;
        PrivateTrainingPlan plan = new PrivateTrainingPlan(
                steps, rate, options.batch(), options.clippingBound(), noise, options.optimizer());
        return new Private(plan, options.delta());
    }

    /** Returns the share of the data that makes exactly so many full batches; all of it when no number is given. */
    private static double share(@Nullable Integer steps, int batch, int examples) {
        // half an example on top, because the trainer rounds down
        return steps == null ? 1 : ((double) steps * batch + 0.5) / examples;
    }

    /** An example without a group is one of its own. */
    private static int groups(List<? extends TrainingExample> examples) {
        long named = examples.stream()
                .map(TrainingExample::group)
                .filter(Objects::nonNull)
                .distinct()
                .count();
        long alone =
                examples.stream().filter(example -> example.group() == null).count();
        return Math.toIntExact(named + alone);
    }

    /** Shuffled mini-batches. */
    record Plain(
            TrainingPlan plan,
            @Nullable Integer steps,
            long seed,
            @Nullable CheckpointStore store) implements TrainingRun {
        @Override
        public void train(LoraTrainer trainer, ProgressListener listener, ObjectNode json)
                throws InterruptedException, IOException {
            TrainingPlan whole = plan;
            if (plan.isPacked() && steps != null) {
                double share = trainer.packedShare(steps, plan.batchTokens(), seed);
                whole = new TrainingPlan(0, share, plan.batchSize(), plan.batchTokens(), plan.optimizer());
            }
            TrainingReport report =
                    store == null ? trainer.train(whole, seed, listener) : trainer.train(whole, seed, listener, store);
            json.put("steps", report.steps());
            json.put("examples", report.examples());
            json.put("loss", report.meanLoss());
        }
    }

    /** DP-SGD. Losses come from the data without noise, so none is shown. */
    record Private(PrivateTrainingPlan plan, double delta) implements TrainingRun {
        @Override
        public void train(LoraTrainer trainer, ProgressListener listener, ObjectNode json) throws InterruptedException {
            PrivateTrainingReport report = trainer.trainPrivately(
                    plan,
                    new SampledRandomness(new SecureBits()),
                    done -> listener.stepDone(
                            new ProgressListener.StepProgress(done.step(), done.steps(), 0, Double.NaN)));
            SampledGaussian step =
                    new SampledGaussian(report.noiseMultiplier(), report.samplingRate(), NoiseKind.DISCRETE);
            json.put("steps", report.steps());
            json.put("noiseMultiplier", report.noiseMultiplier());
            json.put("samplingRate", report.samplingRate());
            json.put("delta", delta);
            json.put(
                    "epsilon",
                    Accountants.named(Accountants.DEFAULT)
                            .plus(step, report.steps())
                            .epsilon(delta));
        }
    }
}
