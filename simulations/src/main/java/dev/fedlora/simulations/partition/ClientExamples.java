package dev.fedlora.simulations.partition;

import dev.fedlora.lora.data.OwnedExample;
import java.util.List;

/**
 * What one simulated client holds. Private data: {@link #toString} prints none of it.
 *
 * @param client its name, distinct within a partition
 * @param examples at least one
 */
public record ClientExamples(String client, List<OwnedExample> examples) {
    public ClientExamples {
        examples = List.copyOf(examples);
    }

    /** Says name and number. */
    @Override
    public String toString() {
        return "ClientExamples[" + client + ", " + examples.size() + " examples]";
    }
}
