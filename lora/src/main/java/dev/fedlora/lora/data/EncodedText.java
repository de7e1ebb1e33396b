package dev.fedlora.lora.data;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A text that a language model learns to continue: its tokens, and which of them count. Private data: {@link #toString}
 * prints none of it.
 *
 * <p>Both arrays are shared with the caller, not copied, and not to be changed.
 *
 * @param tokens ids, with the tokens that the model expects around a text
 * @param learned of the same length: {@code learned[i]} says that token i is to be predicted from those before it. The
 *     first has none before it and is never learned
 * @param group whom it is about, or null: then it is a group of its own
 */
@SuppressWarnings("ArrayRecordComponent") // equality is by content, below
public record EncodedText(
        int[] tokens, boolean[] learned, @Nullable String group) implements TrainingExample {
    /**
     * Checks the lengths.
     *
     * @throws IllegalArgumentException when they differ, or the first token is to be learned
     */
    public EncodedText {
        if (tokens.length != learned.length) {
            throw new IllegalArgumentException("learned must say yes or no for each of %d tokens, got %d"
                    .formatted(tokens.length, learned.length));
        }
        if (learned.length > 0 && learned[0]) {
            throw new IllegalArgumentException("the first token cannot be learned: there is none before it");
        }
    }

    /** Returns how many tokens are to be predicted. */
    public int learnedTokens() {
        int count = 0;
        for (boolean is : learned) {
            count += is ? 1 : 0;
        }
        return count;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof EncodedText that
                && Arrays.equals(tokens, that.tokens)
                && Arrays.equals(learned, that.learned)
                && Objects.equals(group, that.group);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(tokens) + Arrays.hashCode(learned);
    }

    /** Says the length alone: examples are never printed. */
    @Override
    public String toString() {
        return "EncodedText[" + tokens.length + " tokens]";
    }
}
