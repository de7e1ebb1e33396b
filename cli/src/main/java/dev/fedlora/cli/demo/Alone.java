package dev.fedlora.cli.demo;

import dev.fedlora.client.training.RoundBits;
import dev.fedlora.client.training.RoundTraining;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.train.LocalTrainer;
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

    /** Returns the figure of each owner, in their order. */
    static List<Double> figures(DemoRun demo) throws Exception {
        demo.table().line("for comparison, each client trains alone");
        AtomicInteger done = new AtomicInteger();
        List<Owner> owners = demo.data().owners();
        List<Callable<Double>> all = new ArrayList<>();
        for (Owner owner : owners) {
            all.add(() -> {
                double figure = train(demo, owner);
                demo.table()
                        .say("%d of %d clients have trained alone".formatted(done.incrementAndGet(), owners.size()));
                return figure;
            });
        }
        return Concurrently.run("demo-alone", all);
    }

    private static double train(DemoRun demo, Owner owner) throws Exception {
        LoraAdapter adapter = demo.initial();
        LocalTrainer trainer = demo.trainers().over(owner.examples()).create(demo.task(), adapter);
        RoundTraining training = new RoundTraining(demo.task(), trainer, RoundBits.unpredictable());
        float[] parameters = trainer.parameters();
        for (int round = 1; round <= demo.task().rounds(); round++) {
            parameters = training.train(round, parameters).parameters();
        }
        adapter.setParameters(parameters);
        return Measure.of(demo.evaluate(adapter));
    }
}
