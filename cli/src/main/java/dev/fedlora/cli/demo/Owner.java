package dev.fedlora.cli.demo;

import dev.fedlora.lora.data.Example;
import java.util.List;

/**
 * Whose data a client trains on. Private: {@link #toString} prints the size alone.
 *
 * @param name of the client, as rosters allow it
 * @param examples at least one
 */
record Owner(String name, List<Example> examples) {
    Owner {
        examples = List.copyOf(examples);
    }

    @Override
    public String toString() {
        return "Owner[%s, %d examples]".formatted(name, examples.size());
    }
}
