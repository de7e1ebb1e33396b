package dev.fedlora.cli.demo;

import dev.fedlora.lora.data.OwnedExample;
import java.util.List;

/**
 * Whose data a client trains on. Private: {@link #toString} prints the size alone.
 *
 * @param name of the client, as the data has it
 * @param examples at least one
 */
record Owner(String name, List<OwnedExample> examples) {
    private static final int LONGEST_NAME = 60;

    Owner {
        examples = List.copyOf(examples);
    }

    /** Returns a name that rosters allow, letters, digits, '.', '_' and '-', and that no other client has. */
    String rosterName(long id) {
        String allowed = name.replaceAll("[^A-Za-z0-9._-]", "_");
        return id + "-" + allowed.substring(0, Math.min(allowed.length(), LONGEST_NAME));
    }

    @Override
    public String toString() {
        return "Owner[%s, %d examples]".formatted(name, examples.size());
    }
}
