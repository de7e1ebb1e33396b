package dev.fedlora.lora.tensor;

/**
 * Rotary positions, tabulated: the angles by which the pairs of values of a head are turned at each position.
 *
 * <pre>
 * y_i = x_i cos_(p,i) + x_partner(i) sin_(p,i)        p the row's position
 * </pre>
 *
 * <p>Both tables have {@code width} values a position; the sine carries the sign, minus for the first of a pair. Values of
 * a head from {@code width} on stay as they are. Su et al., RoFormer, 2021 (arXiv 2104.09864). The arrays are shared.
 *
 * @param halves whether the partners are i and i + width/2 (as GPT-NeoX has it); otherwise 2i and 2i + 1
 * @param headWidth E, values of a head
 * @param width values of a head that are turned, even
 * @param cos positions × width
 * @param sin positions × width, signed
 */
@SuppressWarnings("ArrayRecordComponent") // shared on purpose, never copied
public record Rotation(boolean halves, int headWidth, int width, float[] cos, float[] sin) {
    /** @throws IllegalArgumentException when the width is odd or above the head's, or the tables are not whole rows of it */
    public Rotation {
        if (width < 2 || width % 2 != 0 || width > headWidth) {
            throw new IllegalArgumentException(
                    "rotary positions turn an even number of a head's %d values, got %d".formatted(headWidth, width));
        }
        if (cos.length != sin.length || cos.length % width != 0) {
            throw new IllegalArgumentException("rotary tables of %d and %d values are not whole rows of %d"
                    .formatted(cos.length, sin.length, width));
        }
    }

    /** Returns the number of positions in the tables. */
    public int positions() {
        return cos.length / width;
    }

    /** Returns the index of the value that {@code i} is turned with. */
    int partner(int i) {
        return halves ? (i < width / 2 ? i + width / 2 : i - width / 2) : i ^ 1;
    }
}
