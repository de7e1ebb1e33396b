package dev.fedlora.lora.data;

import org.jspecify.annotations.Nullable;

/**
 * One example as its owner has it, before it is tokens: a text with its label, or a prompt with its response. Private data.
 *
 * @see JsonlData
 */
public sealed interface OwnedExample permits Example, PromptExample {
    /** Returns whose data it is in files that hold several clients' data, or null. */
    @Nullable String client();

    /** Returns whom it is about, or null: then it is a group of its own. */
    @Nullable String group();

    /** Returns the owner's name for it, or null. */
    @Nullable String id();
}
