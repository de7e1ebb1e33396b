package dev.fedlora.lora.model;

import dev.fedlora.lora.tensor.CachedAttention;
import dev.fedlora.lora.tensor.Panel;
import dev.fedlora.lora.tensor.RowKernels;
import java.util.Arrays;

/**
 * The keys and values of all positions of one text so far, so that each next token costs one row. Grows with the text, by
 * 2 · blocks · GE values a position. Not thread-safe.
 */
final class KeyValueCache implements BlockAttention {
    // positions that there is room for at first
    private static final int FIRST = 64;

    private final DecoderShape shape;
    private final float[][] keys;
    private final float[][] values;
    private float[] scores = new float[0];
    private int capacity;
    private int length;

    KeyValueCache(DecoderShape shape) {
        this.shape = shape;
        this.keys = new float[shape.blocks()][0];
        this.values = new float[shape.blocks()][0];
    }

    /** Returns the positions that are held. */
    int length() {
        return length;
    }

    /** Forgets everything. */
    void clear() {
        length = 0;
    }

    /** Makes room for {@code rows} more positions. */
    void reserve(int rows) {
        int needed = length + rows;
        if (needed > capacity) {
            capacity = (int) Math.min(shape.contextLimit(), Math.max(needed, Math.max(FIRST, 2L * capacity)));
            for (int block = 0; block < keys.length; block++) {
                keys[block] = Arrays.copyOf(keys[block], Math.multiplyExact(capacity, shape.keyWidth()));
                values[block] = Arrays.copyOf(values[block], keys[block].length);
            }
            scores = new float[capacity];
        }
    }

    /** The rows of the pass are the next positions; they are held when {@link #advance} says so. */
    @Override
    public void mix(int block, PassState pass, DecoderActivations at) {
        int rows = pass.rows();
        int width = shape.keyWidth();
        System.arraycopy(at.k, 0, keys[block], length * width, rows * width);
        System.arraycopy(at.v, 0, values[block], length * width, rows * width);
        Panel context = Panel.of(at.context, shape.queryWidth());
        if (length == 0) {
            pass.products.attention(pass.attention(), at.operands(shape), context);
            return;
        }
        DecoderShape.Heads heads = shape.heads();
        for (int row = 0; row < rows; row++) {
            CachedAttention attention = new CachedAttention(
                    Panel.of(keys[block], width),
                    Panel.of(values[block], width),
                    length + row + 1,
                    heads.count(),
                    heads.keyCount(),
                    heads.width(),
                    pass.attention().scale());
            Panel query = Panel.of(at.q, shape.queryWidth()).from(row);
            RowKernels.attend(attention, query, context.from(row), scores);
        }
    }

    /** Holds the positions of the last pass. */
    void advance(int rows) {
        length += rows;
    }
}
