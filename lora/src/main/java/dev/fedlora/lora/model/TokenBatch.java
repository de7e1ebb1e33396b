package dev.fedlora.lora.model;

import java.util.List;

/**
 * Tokenized texts laid end to end: S sequences as R rows, without padding, so that a short text costs what it is long.
 * Immutable and thread-safe.
 */
public final class TokenBatch {
    private final int[] tokens;
    private final int[] starts;
    private final int longest;

    private TokenBatch(int[] tokens, int[] starts, int longest) {
        this.tokens = tokens;
        this.starts = starts;
        this.longest = longest;
    }

    /**
     * Lays {@code sequences} end to end.
     *
     * @throws IllegalArgumentException when there is no sequence, or one is empty
     */
    public static TokenBatch of(List<int[]> sequences) {
        if (sequences.isEmpty()) {
            throw new IllegalArgumentException("a batch needs at least one sequence");
        }
        int[] starts = new int[sequences.size() + 1];
        int longest = 0;
        for (int s = 0; s < sequences.size(); s++) {
            int length = sequences.get(s).length;
            if (length == 0) {
                throw new IllegalArgumentException("sequence " + s + " of the batch has no tokens");
            }
            starts[s + 1] = starts[s] + length;
            longest = Math.max(longest, length);
        }
        int[] tokens = new int[starts[sequences.size()]];
        for (int s = 0; s < sequences.size(); s++) {
            System.arraycopy(sequences.get(s), 0, tokens, starts[s], sequences.get(s).length);
        }
        return new TokenBatch(tokens, starts, longest);
    }

    /** Returns R, the tokens of all sequences together. */
    public int rows() {
        return tokens.length;
    }

    /** Returns S. */
    public int sequences() {
        return starts.length - 1;
    }

    /** Returns the token of row {@code row}. */
    public int token(int row) {
        return tokens[row];
    }

    /** Returns the first row of sequence {@code sequence}; for S, the end of the last one. */
    public int start(int sequence) {
        return starts[sequence];
    }

    /** Returns T, the tokens of sequence {@code sequence}. */
    public int length(int sequence) {
        return starts[sequence + 1] - starts[sequence];
    }

    /** Returns the tokens of the longest sequence. */
    public int longest() {
        return longest;
    }

    /**
     * Checks every token and length against a model.
     *
     * @throws IllegalArgumentException naming the first sequence that is longer than {@code contextLimit} or holds a
     *     token outside [0, {@code vocabulary})
     */
    void requireFits(int vocabulary, int contextLimit) {
        for (int s = 0; s < sequences(); s++) {
            if (length(s) > contextLimit) {
                throw new IllegalArgumentException("sequence %d has %d tokens, the model's context limit is %d"
                        .formatted(s, length(s), contextLimit));
            }
            for (int row = starts[s]; row < starts[s + 1]; row++) {
                if (tokens[row] < 0 || tokens[row] >= vocabulary) {
                    throw new IllegalArgumentException("sequence %d: token %d at position %d is outside 0..%d"
                            .formatted(s, tokens[row], row - starts[s], vocabulary - 1));
                }
            }
        }
    }
}
