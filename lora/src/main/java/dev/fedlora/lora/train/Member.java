package dev.fedlora.lora.train;

import dev.fedlora.lora.data.EncodedText;
import dev.fedlora.lora.data.TrainingExample;
import java.util.List;

/**
 * An example as part of a batch.
 *
 * @param accumulator that its gradient is added to
 * @param weight of each of its losses: of its class, or of every token of it that is to be predicted
 */
record Member(TrainingExample example, int accumulator, float weight) {
    int rows() {
        return rows(example);
    }

    static int rows(TrainingExample example) {
        return example.tokens().length;
    }

    /** Returns how many losses an example has: one for its class, or one for each token that is to be predicted. */
    static int losses(TrainingExample example) {
        return example instanceof EncodedText text ? text.learnedTokens() : 1;
    }

    static long losses(List<? extends TrainingExample> examples) {
        return examples.stream().mapToLong(Member::losses).sum();
    }
}
