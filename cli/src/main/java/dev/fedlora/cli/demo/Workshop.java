package dev.fedlora.cli.demo;

import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.EncodedExample;
import dev.fedlora.lora.train.LoraTrainer;
import dev.fedlora.lora.train.WorkerPool;
import java.util.List;

/**
 * What trains: one pool of workers, a core each, that all clients of this process share. Its results do not depend on how
 * many workers there are or whose work comes first.
 *
 * @param pool runs the base model
 * @param judge evaluates on the common test set
 * @param owned each owner's examples as token ids, in the order of the owners
 */
record Workshop(WorkerPool pool, Judge judge, List<List<EncodedExample>> owned) {
    /** Returns the trainer of one owner; it trains {@code adapter} in place. */
    LoraTrainer trainer(int owner, LoraAdapter adapter) {
        return new LoraTrainer(pool, adapter, owned.get(owner), List.of());
    }
}
