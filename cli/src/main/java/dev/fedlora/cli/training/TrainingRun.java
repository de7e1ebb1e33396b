package dev.fedlora.cli.training;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.client.training.SampledRandomness;
import dev.fedlora.lora.data.Example;
import dev.fedlora.lora.train.LoraTrainer;
import dev.fedlora.lora.train.OptimizerPlan;
import dev.fedlora.lora.train.PrivateTrainingPlan;
import dev.fedlora.lora.train.PrivateTrainingReport;
import dev.fedlora.lora.train.ProgressListener;
import dev.fedlora.lora.train.TrainingPlan;
import dev.fedlora.lora.train.TrainingReport;
import dev.fedlora.privacy.accounting.Accountants;
import dev.fedlora.privacy.accounting.NoiseKind;
import dev.fedlora.privacy.accounting.SampledGaussian;
import dev.fedlora.privacy.sampler.SecureBits;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One training, planned from the options as a whole before anything is computed. */
interface TrainingRun {
    /** Trains, and puts what came of it into {@code json}. */
    void train(LoraTrainer trainer, ProgressListener listener, ObjectNode json) throws InterruptedException;

    /**
     * Returns the run that the options ask for.
     *
     * @throws IllegalArgumentException when an option is out of its range
     */
    static TrainingRun of(TrainingOptions options, List<Example> examples) {
        OptimizerPlan optimizer = options.optimizer();
        Double noise = options.noiseMultiplier();
        if (noise == null) {
            double share = share(options.steps(), options.batch(), examples.size());
            return new Plain(new TrainingPlan(0, share, options.batch(), optimizer), options.seed());
        }
        int units = groups(examples);
        double rate = Math.min(1, (double) options.batch() / units);
        Integer asked = options.steps();
        int steps = asked == null ? (units + options.batch() - 1) / options.batch() : asked;
        PrivateTrainingPlan plan =
                new PrivateTrainingPlan(steps, rate, options.batch(), options.clippingBound(), noise, optimizer);
        return new Private(plan, options.delta());
    }

    /** Returns the share of the data that makes exactly so many full batches; all of it when no number is given. */
    private static double share(@Nullable Integer steps, int batch, int examples) {
        // half an example on top, because the trainer rounds down
        return steps == null ? 1 : ((double) steps * batch + 0.5) / examples;
    }

    /** An example without a group is one of its own. */
    private static int groups(List<Example> examples) {
        long named = examples.stream()
                .map(Example::group)
                .filter(Objects::nonNull)
                .distinct()
                .count();
        long alone =
                examples.stream().filter(example -> example.group() == null).count();
        return Math.toIntExact(named + alone);
    }

    /** Shuffled mini-batches. */
    record Plain(TrainingPlan plan, long seed) implements TrainingRun {
        @Override
        public void train(LoraTrainer trainer, ProgressListener listener, ObjectNode json) throws InterruptedException {
            TrainingReport report = trainer.train(plan, seed, listener);
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
