package dev.fedlora.client.training;

import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.train.LocalTrainer;
import java.io.IOException;

/** Makes the trainer of a task over this client's own data. Called once a task, when its first adapter has arrived. */
@FunctionalInterface
public interface TrainerFactory {
    /**
     * Returns a trainer whose parameters are those of {@code adapter}, in the same order.
     *
     * @param task valid, within the client's policy
     * @param adapter as received; the trainer's to keep and change
     * @throws IllegalArgumentException when this client's data or base model do not fit the task; the message names what
     *     the task asks for and what is here
     * @throws IOException when data or model cannot be read
     */
    LocalTrainer create(TaskSpec task, LoraAdapter adapter) throws IOException;
}
