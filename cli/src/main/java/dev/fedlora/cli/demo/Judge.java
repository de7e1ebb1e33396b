package dev.fedlora.cli.demo;

import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.EncodedExample;
import dev.fedlora.lora.train.Evaluation;
import dev.fedlora.lora.train.Evaluator;
import dev.fedlora.lora.train.WorkerPool;
import java.util.List;

/**
 * Evaluates adapters on the common test set. Thread-safe.
 *
 * @param pool runs the base model
 * @param test the examples
 */
record Judge(WorkerPool pool, List<EncodedExample> test) {
    Evaluation evaluate(LoraAdapter adapter) throws InterruptedException {
        return new Evaluator(pool).evaluate(pool.model().bind(adapter), test);
    }
}
