package dev.fedlora.lora.data;

import org.jspecify.annotations.Nullable;

/**
 * One labelled text. Private data: {@link #toString} prints none of it.
 *
 * @param client whose data it is in files that hold several clients' data, or null
 * @param text what is classified, not blank
 * @param label its class
 * @param group whom it is about, or null: then every example is a group of its own
 * @param id the owner's name for it, or null
 */
public record Example(
        @Nullable String client,
        String text,
        String label,
        @Nullable String group,
        @Nullable String id) implements OwnedExample {
    /** Names nothing: examples are never printed. */
    @Override
    public String toString() {
        return "Example[private]";
    }
}
