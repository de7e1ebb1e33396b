package dev.fedlora.client;

import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.lora.LoraAdapter;
import java.util.List;

/**
 * How a task went for this client.
 *
 * @param task name
 * @param rounds that this client saw since it was started, in order
 * @param adapterHash SHA-256 of the final adapter's bytes, checked
 * @param adapter the final adapter
 */
public record TaskReport(String task, List<RoundReport> rounds, Bytes adapterHash, LoraAdapter adapter) {
    public TaskReport {
        rounds = List.copyOf(rounds);
    }
}
