package dev.fedlora.cli.demo;

import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.client.training.RoundBits;
import dev.fedlora.client.training.RoundTraining;
import dev.fedlora.lora.train.LoraTrainer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The comparison: every owner trains alone from the same first adapter, by the same settings, in as many rounds over as
 * much of its data, and is tested on the common test set.
 */
final class Alone {
    private Alone() {}

    /** Returns the accuracy of each owner, in their order. */
    static List<Double> accuracies(DemoRun demo) throws Exception {
        Workshop workshop = demo.workshop();
        AtomicInteger done = new AtomicInteger();
        int owners = workshop.owned().size();
        List<Callable<Double>> all = new ArrayList<>();
        for (int owner = 0; owner < owners; owner++) {
            LoraTrainer trainer = workshop.trainer(owner, demo.initial().copy());
            all.add(() -> {
                double accuracy = train(demo.task(), trainer, workshop.judge());
                demo.table()
                        .say("for comparison, %d of %d clients have trained alone"
                                .formatted(done.incrementAndGet(), owners));
                return accuracy;
            });
        }
        return Concurrently.run("demo-alone", all);
    }

    private static double train(TaskSpec task, LoraTrainer trainer, Judge judge) throws InterruptedException {
        RoundTraining training = new RoundTraining(task, trainer, RoundBits.unpredictable());
        float[] parameters = trainer.parameters();
        for (int round = 1; round <= task.rounds(); round++) {
            parameters = training.train(round, parameters).parameters();
        }
        trainer.load(parameters);
        return judge.evaluate(trainer.adapter()).accuracy();
    }
}
