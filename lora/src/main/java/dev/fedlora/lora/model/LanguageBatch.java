package dev.fedlora.lora.model;

import java.util.ArrayList;
import java.util.List;

/**
 * A batch of texts with the tokens that are to be predicted in them. A token is predicted at the row before it; only rows
 * that count cost anything in the output layer. The arrays are shared with the caller, not copied.
 */
public final class LanguageBatch {
    private final TokenBatch tokens;
    private final int[] countedRows;
    private final int[] targets;
    private final float[] weights;

    /**
     * @param countedRows rows at which the next token is to be predicted, ascending
     * @param targets the right token of each
     * @param weights what the loss and gradient of each are multiplied by
     * @throws IllegalArgumentException when the lengths differ
     */
    public LanguageBatch(TokenBatch tokens, int[] countedRows, int[] targets, float[] weights) {
        if (targets.length != countedRows.length || weights.length != countedRows.length) {
            throw new IllegalArgumentException("%d counted rows got %d targets and %d weights"
                    .formatted(countedRows.length, targets.length, weights.length));
        }
        this.tokens = tokens;
        this.countedRows = countedRows;
        this.targets = targets;
        this.weights = weights;
    }

    /**
     * Lays texts end to end.
     *
     * @param sequences tokens of each text
     * @param learned for each text which tokens are to be predicted from those before them; of its first token, false
     * @param weights one a text, for all of its learned tokens
     * @throws IllegalArgumentException when lengths differ, a text is empty, or the first token of one is to be predicted
     */
    public static LanguageBatch of(List<int[]> sequences, List<boolean[]> learned, float[] weights) {
        TokenBatch batch = TokenBatch.of(sequences);
        if (learned.size() != sequences.size() || weights.length != sequences.size()) {
            throw new IllegalArgumentException("%d sequences got %d sets of learned tokens and %d weights"
                    .formatted(sequences.size(), learned.size(), weights.length));
        }
        List<Integer> rows = new ArrayList<>();
        List<Float> each = new ArrayList<>();
        for (int s = 0; s < learned.size(); s++) {
            boolean[] flags = learned.get(s);
            if (flags.length != batch.length(s) || flags[0]) {
                throw new IllegalArgumentException(
                        "sequence %d has %d tokens and %d flags, of which the first must be false"
                                .formatted(s, batch.length(s), flags.length));
            }
            for (int t = 1; t < flags.length; t++) {
                if (flags[t]) {
                    rows.add(batch.start(s) + t - 1);
                    each.add(weights[s]);
                }
            }
        }
        int[] counted = rows.stream().mapToInt(Integer::intValue).toArray();
        int[] targets = new int[counted.length];
        float[] perRow = new float[counted.length];
        for (int i = 0; i < counted.length; i++) {
            targets[i] = batch.token(counted[i] + 1);
            perRow[i] = each.get(i);
        }
        return new LanguageBatch(batch, counted, targets, perRow);
    }

    /** Returns the texts. */
    public TokenBatch tokens() {
        return tokens;
    }

    /** Returns the number of rows that count. */
    public int counted() {
        return countedRows.length;
    }

    int[] countedRows() {
        return countedRows;
    }

    int[] targets() {
        return targets;
    }

    float[] weights() {
        return weights;
    }

    /** Names the size alone: texts are never printed. */
    @Override
    public String toString() {
        return "LanguageBatch[%d sequences, %d rows, %d counted]"
                .formatted(tokens.sequences(), tokens.rows(), countedRows.length);
    }
}
