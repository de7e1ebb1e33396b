package dev.fedlora.lora.data;

import org.jspecify.annotations.Nullable;

/**
 * One prompt and the response that a model should learn to give to it. Private data: {@link #toString} prints none of it.
 *
 * @param client whose data it is in files that hold several clients' data, or null
 * @param prompt what is asked, not blank
 * @param response what is to be answered, not blank
 * @param group whom it is about, or null: then every example is a group of its own
 * @param id the owner's name for it, or null
 */
public record PromptExample(
        @Nullable String client,
        String prompt,
        String response,
        @Nullable String group,
        @Nullable String id) implements OwnedExample {
    /** Names nothing: examples are never printed. */
    @Override
    public String toString() {
        return "PromptExample[private]";
    }
}
