package dev.fedlora.lora.data;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One example as a trainer takes it. Private data: {@link #toString} prints none of it.
 *
 * <p>The array is shared with the caller, not copied, and not to be changed.
 *
 * @param tokens ids, with the tokens that the model expects around a text
 * @param label index into the list of labels, at least 0
 * @param group whom it is about, or null
 */
@SuppressWarnings("ArrayRecordComponent") // equality is by content, below
public record EncodedExample(
        int[] tokens, int label, @Nullable String group) implements TrainingExample {
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof EncodedExample that
                && Arrays.equals(tokens, that.tokens)
                && label == that.label
                && java.util.Objects.equals(group, that.group);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(tokens) + label;
    }

    /** Says the length alone: examples are never printed. */
    @Override
    public String toString() {
        return "EncodedExample[" + tokens.length + " tokens]";
    }
}
