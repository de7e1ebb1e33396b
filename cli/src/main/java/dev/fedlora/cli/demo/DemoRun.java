package dev.fedlora.cli.demo;

import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.client.training.TransformerTrainers;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.train.Evaluation;

/**
 * What is to be run.
 *
 * @param task its terms
 * @param data who owns what, and the common test set
 * @param trainers over one base model and one pool of workers, a core each, that all clients of this process share; their
 *     results do not depend on how many workers there are or whose work comes first
 * @param table where it is shown
 * @param drop clients that vanish in every round
 */
record DemoRun(TaskSpec task, DemoData data, TransformerTrainers trainers, RoundTable table, int drop) {
    /** Returns the adapter that everybody starts from. */
    LoraAdapter initial() {
        return trainers.newAdapter(task);
    }

    /** Returns what is reached without learning: by the most frequent label, or by the base model alone. */
    double base() throws InterruptedException {
        return data.measure() == Measure.ACCURACY ? data.majorityAccuracy() : Measure.of(evaluate(initial()));
    }

    /** Returns how an adapter does on the common test set. */
    Evaluation evaluate(LoraAdapter adapter) throws InterruptedException {
        return trainers.evaluate(task, adapter, data.test());
    }
}
