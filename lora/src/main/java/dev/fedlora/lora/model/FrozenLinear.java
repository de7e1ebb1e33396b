package dev.fedlora.lora.model;

import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.tensor.Panel;
import dev.fedlora.lora.tensor.RowKernels;
import org.jspecify.annotations.Nullable;

/**
 * One frozen linear layer of one block: y = factor (x Wᵀ) + bias. Immutable and thread-safe.
 *
 * @param number the layer's place among the model's linear layers
 * @param weight W, N × K
 * @param bias N values, or null for none
 * @param factor 1, but for BitNet's queries, keys, values, gates and ups
 */
@SuppressWarnings("ArrayRecordComponent") // shared on purpose, never copied
record FrozenLinear(int block, int number, QuantizedMatrix weight, float @Nullable [] bias, float factor) {
    /** Returns N. */
    int outputs() {
        return weight.rows();
    }

    /** Makes y of the product with W. */
    void finish(float[] product, int rows) {
        Panel y = Panel.of(product, outputs());
        if (factor != 1) {
            RowKernels.scale(factor, y, rows, outputs());
        }
        if (bias != null) {
            RowKernels.addRow(bias, y, rows);
        }
    }

    /** Makes the gradient of the product with W of that of y. */
    void finishBackward(float[] gradient, int rows) {
        if (factor != 1) {
            RowKernels.scale(factor, Panel.of(gradient, outputs()), rows, outputs());
        }
    }
}
