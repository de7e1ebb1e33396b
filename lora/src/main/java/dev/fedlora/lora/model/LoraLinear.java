package dev.fedlora.lora.model;

import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.tensor.MatrixProducts.Shape;
import dev.fedlora.lora.tensor.Panel;
import dev.fedlora.lora.tensor.RowKernels;
import org.jspecify.annotations.Nullable;

/**
 * One frozen linear layer of one block, N × K, with the LoRA factors that the pass's adapter has for it, if any.
 *
 * <pre>
 * h  = x Aᵀ                     R × r
 * y  = x Wᵀ + bias + s h Bᵀ     R × N
 * dh = s dy B                   R × r
 * dB += s dyᵀ h,  dA += dhᵀ x   a segment at a time, each into its own accumulator
 * dx = dy W + dh A              R × K
 * </pre>
 *
 * <p>Immutable and thread-safe.
 */
final class LoraLinear {
    private final int block;
    private final int number;
    private final QuantizedMatrix weight;
    private final float[] bias;

    /**
     * @param number the layer's place among the model's linear layers
     * @param bias N values
     */
    LoraLinear(int block, int number, QuantizedMatrix weight, float[] bias) {
        this.block = block;
        this.number = number;
        this.weight = weight;
        this.bias = bias;
    }

    private BoundAdapter.@Nullable Slot slot(PassState pass) {
        BoundAdapter adapter = pass.adapter();
        return adapter == null ? null : adapter.slot(block, number);
    }

    /**
     * y (R × N) = layer of x (R × K).
     *
     * @param accumulate whether the result is added to what {@code y} holds
     */
    void forward(PassState pass, float[] x, float[] y, BlockActivations kept, boolean accumulate) {
        int rows = pass.rows();
        int n = weight.rows();
        int k = weight.columns();
        pass.products.forward(weight, Panel.of(x, k), rows, Panel.of(y, n), accumulate);
        RowKernels.addRow(bias, Panel.of(y, n), rows);
        BoundAdapter.Slot slot = slot(pass);
        if (slot != null) {
            LoraFactors factors = slot.factors();
            int r = factors.rank();
            Panel h = Panel.of(kept.loraHidden(number, rows * r), r);
            pass.products.multiply(
                    new Shape(rows, r, k, false, true, 1, false), Panel.of(x, k), Panel.of(factors.a(), k), h);
            pass.products.multiply(
                    new Shape(rows, n, r, false, true, slot.scale(), true),
                    h,
                    Panel.of(factors.b(), r),
                    Panel.of(y, n));
        }
    }

    /**
     * Adds the factors' gradients to the accumulators and, where the layers below need it, the input's gradient to dx.
     *
     * @param x R × K, the input that {@link #forward} saw; read only where this layer is adapted
     * @param outputGradient dy, R × N
     * @param input where dx, R × K, goes
     */
    void backward(PassState pass, float[] x, float[] outputGradient, InputGradient input, BlockActivations kept) {
        int rows = pass.rows();
        int n = weight.rows();
        int k = weight.columns();
        Panel dy = Panel.of(outputGradient, n);
        if (input.wanted()) {
            pass.products.backward(weight, dy, rows, Panel.of(input.values(), k), input.accumulate());
        }
        BoundAdapter.Slot slot = slot(pass);
        if (slot == null) {
            return;
        }
        LoraFactors factors = slot.factors();
        int r = factors.rank();
        Panel dh = Panel.of(pass.rankScratch(r), r);
        pass.products.multiply(
                new Shape(rows, r, n, false, false, slot.scale(), false), dy, Panel.of(factors.b(), r), dh);
        factorGradients(
                pass, slot, new Operands(dy, Panel.of(x, k), Panel.of(kept.loraHidden(number, rows * r), r), dh));
        if (input.wanted()) {
            pass.products.multiply(
                    new Shape(rows, k, r, false, false, 1, true),
                    dh,
                    Panel.of(factors.a(), k),
                    Panel.of(input.values(), k));
        }
    }

    private void factorGradients(PassState pass, BoundAdapter.Slot slot, Operands at) {
        int n = weight.rows();
        int k = weight.columns();
        int r = slot.factors().rank();
        Segments segments = pass.segments();
        for (int i = 0; i < segments.count(); i++) {
            int first = segments.firstRow(i);
            int rows = segments.rows(i);
            int target = segments.accumulator(i);
            pass.products.multiply(
                    new Shape(n, r, rows, true, false, slot.scale(), true),
                    at.dy.from(first),
                    at.h.from(first),
                    pass.gradients().panel(target, slot.offsetB(), r));
            pass.products.multiply(
                    new Shape(r, k, rows, true, false, 1, true),
                    at.dh.from(first),
                    at.x.from(first),
                    pass.gradients().panel(target, slot.offsetA(), k));
        }
    }

    private record Operands(Panel dy, Panel x, Panel h, Panel dh) {}
}
