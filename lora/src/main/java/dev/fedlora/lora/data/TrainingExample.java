package dev.fedlora.lora.data;

import org.jspecify.annotations.Nullable;

/** One example as a trainer takes it: a text with its class, or a text whose tokens are to be predicted. Private data. */
public sealed interface TrainingExample permits EncodedExample, EncodedText {
    /** Returns the ids, with the tokens that the model expects around a text; shared, not to be changed. */
    int[] tokens();

    /** Returns whom it is about, or null: then it is a group of its own. */
    @Nullable String group();
}
