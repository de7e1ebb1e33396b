package dev.fedlora.lora.model;

import dev.fedlora.lora.tensor.MatrixProducts;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What the layers of one pass share: the products, the batch, the adapter and, on the way back, the accumulators. */
final class PassState {
    final MatrixProducts products;
    private @Nullable TokenBatch batch;
    private @Nullable BoundAdapter adapter;
    private @Nullable Segments segments;
    private @Nullable AdapterGradients gradients;
    private Dropout dropout = Dropout.NONE;
    private float[] rankScratch = new float[0];
    private float[] droppedScratch = new float[0];

    PassState(MatrixProducts products) {
        this.products = products;
    }

    void startForward(TokenBatch newBatch, @Nullable BoundAdapter newAdapter) {
        batch = newBatch;
        adapter = newAdapter;
    }

    void startBackward(Segments newSegments, AdapterGradients newGradients) {
        segments = newSegments;
        gradients = newGradients;
    }

    void setDropout(Dropout newDropout) {
        dropout = newDropout;
    }

    /** Returns what is dropped of the values that the LoRA factors read. */
    Dropout dropout() {
        return dropout;
    }

    TokenBatch batch() {
        return Objects.requireNonNull(batch);
    }

    int rows() {
        return batch().rows();
    }

    @Nullable BoundAdapter adapter() {
        return adapter;
    }

    /** Returns s, what B (A x) is multiplied by. */
    float scale(BoundAdapter.Slot slot) {
        return Objects.requireNonNull(adapter).scale(slot);
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

    /** Returns {@code array} when it holds {@code size} values, else a new one; a quarter larger, to grow seldom. */
    static float[] grown(float[] array, int size) {
        return array.length >= size ? array : new float[size + size / 4];
    }
}
