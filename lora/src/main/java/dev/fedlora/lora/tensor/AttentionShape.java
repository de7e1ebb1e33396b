package dev.fedlora.lora.tensor;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Which rows attend to which: S sequences end to end, H heads of E values, of which groups of H / G share keys and values
 * (Ainslie et al., GQA, EMNLP 2023, arXiv 2305.13245; G = H is multi-head attention).
 *
 * @param starts first row of each sequence, and as the last of S + 1 numbers the rows R of all
 * @param heads H
 * @param keyHeads G, a divisor of H
 * @param headWidth E
 * @param causal whether a row attends to itself and those before it alone, instead of its whole sequence
 * @param scale of the scores, usually 1/√E
 */
@SuppressWarnings("ArrayRecordComponent") // shared on purpose, never copied
public record AttentionShape(int[] starts, int heads, int keyHeads, int headWidth, boolean causal, float scale) {
    /** @throws IllegalArgumentException when the heads do not form groups or there is no sequence */
    public AttentionShape {
        if (heads < 1 || keyHeads < 1 || heads % keyHeads != 0 || headWidth < 1 || starts.length < 2) {
            throw new IllegalArgumentException("attention of %d heads over %d key heads of %d values, %d sequences"
                    .formatted(heads, keyHeads, headWidth, starts.length - 1));
        }
    }

    /** Returns R. */
    public int rows() {
        return starts[starts.length - 1];
    }

    /** Returns the rows of the longest sequence. */
    int longest() {
        int longest = 0;
        for (int s = 1; s < starts.length; s++) {
            longest = Math.max(longest, starts[s] - starts[s - 1]);
        }
        return longest;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof AttentionShape that
                && Arrays.equals(starts, that.starts)
                && heads == that.heads
                && keyHeads == that.keyHeads
                && headWidth == that.headWidth
                && causal == that.causal
                && scale == that.scale;
    }

    @Override
    public int hashCode() {
        return Objects.hash(Arrays.hashCode(starts), heads, keyHeads, headWidth, causal, scale);
    }

    /**
     * Queries, keys and values, or the gradients of them. Head h of a row starts at column h · E.
     *
     * @param queries R × (H · E)
     * @param keys R × (G · E)
     * @param values R × (G · E)
     */
    public record Operands(Panel queries, Panel keys, Panel values) {}
}
