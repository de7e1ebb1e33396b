package dev.fedlora.lora.model;

/** x Aᵀ (rows × r) of every linear layer of one block, kept from the way forward for the way back. */
final class LoraHiddens {
    private final float[][] values;

    LoraHiddens(int linearLayers) {
        values = new float[linearLayers][0];
    }

    /** Returns that of linear layer {@code layer}: room for {@code size} values. */
    float[] of(int layer, int size) {
        if (values[layer].length < size) {
            values[layer] = new float[size];
        }
        return values[layer];
    }

    /** Returns the number of values that there is room for. */
    long size() {
        long sum = 0;
        for (float[] each : values) {
            sum += each.length;
        }
        return sum;
    }
}
