package dev.fedlora.lora.model;

import dev.fedlora.lora.tensor.AttentionShape;
import dev.fedlora.lora.tensor.MatrixProducts;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What the layers of one pass share: the products, the batch, the adapters and, on the way back, the accumulators. */
final class PassState {
    final MatrixProducts products;
    private @Nullable AdapterRuns adapters;
    private @Nullable Segments segments;
    private @Nullable AdapterGradients gradients;
    private Dropout dropout = Dropout.NONE;
    private @Nullable AttentionShape attention;
    private int[] positions = new int[0];
    private float[] rankScratch = new float[0];
    private float[] droppedScratch = new float[0];

    PassState(MatrixProducts products) {
        this.products = products;
    }

    void startForward(AdapterRuns newAdapters) {
        adapters = newAdapters;
    }

    /**
     * Starts a way back.
     *
     * @param ready whether the last forward kept what is needed
     * @throws IllegalStateException when it did not, or was of another batch
     * @throws IllegalArgumentException when the accumulators do not fit the adapters
     */
    void startBackward(boolean ready, Segments newSegments, AdapterGradients newGradients) {
        if (!ready || !adapters().hasAdapter()) {
            throw new IllegalStateException("backward needs a forward pass with an adapter that kept its activations");
        }
        adapters().requireFits(newSegments, newGradients);
        segments = newSegments;
        gradients = newGradients;
    }

    /** Lays out the batch's attention, and the position of each row in its sequence. */
    void startAttention(DecoderShape.Heads heads, boolean causal, int firstPosition) {
        int[] starts = new int[batch().sequences() + 1];
        positions = positions.length >= rows() ? positions : new int[rows()];
        for (int s = 0; s < starts.length; s++) {
            starts[s] = batch().start(s);
            for (int row = starts[s]; s < batch().sequences() && row < batch().start(s + 1); row++) {
                positions[row] = firstPosition + row - starts[s];
            }
        }
        float scale = (float) (1 / Math.sqrt(heads.width()));
        attention = new AttentionShape(starts, heads.count(), heads.keyCount(), heads.width(), causal, scale);
    }

    AttentionShape attention() {
        return Objects.requireNonNull(attention);
    }

    /** Returns the position of each row in its sequence; may be longer than the batch. */
    int[] positions() {
        return positions;
    }

    void setDropout(Dropout newDropout) {
        dropout = newDropout;
    }

    /** Returns what is dropped of the values that the LoRA factors read. */
    Dropout dropout() {
        return dropout;
    }

    TokenBatch batch() {
        return adapters().batch();
    }

    int rows() {
        return batch().rows();
    }

    AdapterRuns adapters() {
        return Objects.requireNonNull(adapters);
    }

    Segments segments() {
        return Objects.requireNonNull(segments);
    }

    AdapterGradients gradients() {
        return Objects.requireNonNull(gradients);
    }

    /** Returns an array for R × r values that the next layer overwrites. */
    float[] rankScratch(int rank) {
        rankScratch = grown(rankScratch, rows() * rank);
        return rankScratch;
    }

    /** Returns x (R × K) after dropout, in an array that the next layer overwrites. */
    float[] dropped(float[] x, Dropout.Place place) {
        droppedScratch = grown(droppedScratch, rows() * place.columns());
        dropout.apply(place, batch(), x, droppedScratch, false);
        return droppedScratch;
    }

    /** Returns the values that the scratch has room for; there is none without dropout. */
    long size() {
        return (long) rankScratch.length + droppedScratch.length;
    }

    /** Returns {@code array} when it holds {@code size} values, else a new one; a quarter larger, to grow seldom. */
    static float[] grown(float[] array, int size) {
        return array.length >= size ? array : new float[size + size / 4];
    }
}
