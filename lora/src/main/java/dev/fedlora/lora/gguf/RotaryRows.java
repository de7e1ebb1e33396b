package dev.fedlora.lora.gguf;

/**
 * The two orders of the rows that a rotary embedding turns. A head of width d has d / 2 pairs of rows; Hugging Face keeps
 * the halves of all pairs apart, GGUF files of architecture {@code llama} put the two of a pair side by side:
 *
 * <pre>
 * half-split    0, 1, ... d/2-1 | d/2, d/2+1, ... d-1
 * interleaved   0, d/2, 1, d/2+1, ... d/2-1, d-1
 * </pre>
 *
 * Only queries and keys of {@code llama} differ; the other architectures' GGUF files are half-split too.
 *
 * <p>Source: convert_hf_to_gguf.py of llama.cpp (LlamaModel.permute).
 */
public final class RotaryRows {
    private RotaryRows() {}

    /** Says whether the rows of {@code target}, such as {@code attn_q}, stand interleaved in GGUF files of this kind. */
    public static boolean isInterleaved(String architecture, String target) {
        return architecture.equals("llama") && (target.equals("attn_q") || target.equals("attn_k"));
    }

    /**
     * Returns the half-split row that stands at {@code row} of the interleaved order.
     *
     * @param headWidth rows a head, even
     */
    public static int halfSplitRow(int row, int headWidth) {
        int within = row % headWidth;
        return row - within + within / 2 + within % 2 * (headWidth / 2);
    }

    /**
     * Returns the rows a head.
     *
     * @throws IllegalArgumentException when the rows are not whole heads of whole pairs
     */
    public static int headWidth(String what, int rows, int heads) {
        if (rows % heads != 0 || rows / heads % 2 != 0) {
            throw new IllegalArgumentException(
                    "%s has %d rows, which are not %d heads of an even width".formatted(what, rows, heads));
        }
        return rows / heads;
    }

    /** Returns the rows of a half-split matrix, each of {@code columns} values, in interleaved order. */
    public static float[] interleaved(float[] halfSplit, int columns, int headWidth) {
        float[] rows = new float[halfSplit.length];
        for (int row = 0; row < halfSplit.length / columns; row++) {
            System.arraycopy(halfSplit, halfSplitRow(row, headWidth) * columns, rows, row * columns, columns);
        }
        return rows;
    }

    /** Returns the rows of an interleaved matrix, each of {@code columns} values, in half-split order. */
    public static float[] halfSplit(float[] interleaved, int columns, int headWidth) {
        float[] rows = new float[interleaved.length];
        for (int row = 0; row < interleaved.length / columns; row++) {
            System.arraycopy(interleaved, row * columns, rows, halfSplitRow(row, headWidth) * columns, columns);
        }
        return rows;
    }
}
