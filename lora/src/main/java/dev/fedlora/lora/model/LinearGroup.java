package dev.fedlora.lora.model;

import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.tensor.AdaptedLayer;
import dev.fedlora.lora.tensor.LoraRun;
import dev.fedlora.lora.tensor.MatrixProducts.Shape;
import dev.fedlora.lora.tensor.Panel;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The linear layers of one block that read the same input x (R × K), each with the LoRA factors that the pass's adapter
 * has for it, if any. For a layer of N outputs:
 *
 * <pre>
 * y  = c (x Wᵀ + s (x' Aᵀ) Bᵀ) + bias     R × N; c is 1 but in BitNet, x' is x but with dropout
 * </pre>
 *
 * <p>Immutable and thread-safe.
 */
final class LinearGroup {
    private final List<FrozenLinear> layers;
    private final int inputs;

    LinearGroup(List<FrozenLinear> layers) {
        this.layers = List.copyOf(layers);
        this.inputs = layers.get(0).weight().columns();
    }

    /** Says whether the pass's adapter has factors for one of the layers. */
    boolean isAdapted(PassState pass) {
        for (FrozenLinear layer : layers) {
            if (slot(pass, layer) != null) {
                return true;
            }
        }
        return false;
    }

    private static BoundAdapter.@Nullable Slot slot(PassState pass, FrozenLinear layer) {
        BoundAdapter adapter = pass.adapter();
        return adapter == null ? null : adapter.slot(layer.block(), layer.number());
    }

    /**
     * Computes every layer's output.
     *
     * @param outputs R × N each, in the order of the layers
     * @param accumulate whether the results are added to what the outputs hold; for layers whose factor is 1 only
     */
    void forward(PassState pass, float[] x, List<float[]> outputs, LoraHiddens kept, boolean accumulate) {
        boolean dropsOut = pass.dropout().isActive();
        int rows = pass.rows();
        List<AdaptedLayer> all = new ArrayList<>(layers.size());
        for (int i = 0; i < layers.size(); i++) {
            FrozenLinear layer = layers.get(i);
            BoundAdapter.Slot slot = slot(pass, layer);
            List<LoraRun> runs = slot == null || dropsOut
                    ? List.of()
                    : List.of(run(slot, hidden(layer, slot, rows, kept), new Rows(0, rows, null)));
            all.add(new AdaptedLayer(layer.weight(), Panel.of(outputs.get(i), layer.outputs()), runs));
        }
        pass.products.forward(all, Panel.of(x, inputs), rows, accumulate);
        for (int i = 0; i < layers.size(); i++) {
            FrozenLinear layer = layers.get(i);
            if (dropsOut && slot(pass, layer) != null) {
                dropoutForward(pass, layer, x, outputs.get(i), kept);
            }
            layer.finish(outputs.get(i), rows);
        }
    }

    /**
     * Adds the factors' gradients to the accumulators and, where the layers below need it, computes the input's gradient.
     *
     * @param x the input that {@link #forward} saw; read only where a layer is adapted
     * @param gradients dy, R × N each, in the order of the layers; changed where a layer's factor is not 1
     * @param input where dx, R × K, goes
     */
    void backward(PassState pass, float[] x, List<float[]> gradients, InputGradient input, LoraHiddens kept) {
        boolean dropsOut = pass.dropout().isActive();
        List<AdaptedLayer> all = new ArrayList<>(layers.size());
        for (int i = 0; i < layers.size(); i++) {
            FrozenLinear layer = layers.get(i);
            BoundAdapter.Slot slot = slot(pass, layer);
            if (slot == null && !input.wanted()) {
                continue;
            }
            layer.finishBackward(gradients.get(i), pass.rows());
            List<LoraRun> runs = slot == null || dropsOut ? List.of() : segmentRuns(pass, layer, slot, kept);
            all.add(new AdaptedLayer(layer.weight(), Panel.of(gradients.get(i), layer.outputs()), runs));
        }
        if (all.isEmpty()) {
            return;
        }
        if (!dropsOut || input.wanted()) {
            Panel dx = input.wanted() ? Panel.of(input.values(), inputs) : null;
            pass.products.backward(all, Panel.of(x, inputs), pass.rows(), dx, input.accumulate());
        }
        for (int i = 0; i < layers.size() && dropsOut; i++) {
            if (slot(pass, layers.get(i)) != null) {
                dropoutBackward(pass, layers.get(i), x, gradients.get(i), input, kept);
            }
        }
    }

    private static List<LoraRun> segmentRuns(
            PassState pass, FrozenLinear layer, BoundAdapter.Slot slot, LoraHiddens kept) {
        Segments segments = pass.segments();
        Panel hidden = hidden(layer, slot, pass.rows(), kept);
        List<LoraRun> runs = new ArrayList<>(segments.count());
        for (int i = 0; i < segments.count(); i++) {
            LoraRun.Gradient gradient = gradient(pass, slot, layer, segments.accumulator(i));
            runs.add(run(slot, hidden, new Rows(segments.firstRow(i), segments.rows(i), gradient)));
        }
        return runs;
    }

    private static LoraRun.Gradient gradient(
            PassState pass, BoundAdapter.Slot slot, FrozenLinear layer, int accumulator) {
        AdapterGradients gradients = pass.gradients();
        return new LoraRun.Gradient(
                slot.trainsA()
                        ? gradients.panel(
                                accumulator, slot.offsetA(), layer.weight().columns())
                        : null,
                gradients.panel(accumulator, slot.offsetB(), slot.factors().rank()));
    }

    private static Panel hidden(FrozenLinear layer, BoundAdapter.Slot slot, int rows, LoraHiddens kept) {
        int rank = slot.factors().rank();
        return Panel.of(kept.of(layer.number(), rows * rank), rank);
    }

    private static LoraRun run(BoundAdapter.Slot slot, Panel hidden, Rows rows) {
        LoraFactors factors = slot.factors();
        return new LoraRun(
                rows.first,
                rows.count,
                factors.rank(),
                slot.scale(),
                factors.a(),
                factors.b(),
                hidden.from(rows.first),
                rows.gradient);
    }

    /** y += s (x' Aᵀ) Bᵀ. */
    private void dropoutForward(PassState pass, FrozenLinear layer, float[] x, float[] y, LoraHiddens kept) {
        BoundAdapter.Slot slot = Objects.requireNonNull(slot(pass, layer));
        LoraFactors factors = slot.factors();
        int rows = pass.rows();
        int r = factors.rank();
        Panel h = hidden(layer, slot, rows, kept);
        float[] dropped = pass.dropped(x, place(layer));
        pass.products.multiply(
                new Shape(rows, r, inputs, false, true, 1, false),
                Panel.of(dropped, inputs),
                Panel.of(factors.a(), inputs),
                h);
        pass.products.multiply(
                new Shape(rows, layer.outputs(), r, false, true, slot.scale(), true),
                h,
                Panel.of(factors.b(), r),
                Panel.of(y, layer.outputs()));
    }

    private Dropout.Place place(FrozenLinear layer) {
        return new Dropout.Place(layer.block(), layer.number(), inputs);
    }

    /** dh = s dy B, dB += s dyᵀ h, dA += dhᵀ x', dx += mask ∘ dh A / (1 - rate). */
    private void dropoutBackward(
            PassState pass, FrozenLinear layer, float[] x, float[] dy, InputGradient input, LoraHiddens kept) {
        BoundAdapter.Slot slot = Objects.requireNonNull(slot(pass, layer));
        LoraFactors factors = slot.factors();
        int rows = pass.rows();
        int n = layer.outputs();
        int r = factors.rank();
        Panel outer = Panel.of(dy, n);
        Panel dh = Panel.of(pass.rankScratch(r), r);
        float s = slot.scale();
        pass.products.multiply(new Shape(rows, r, n, false, false, s, false), outer, Panel.of(factors.b(), r), dh);
        Panel h = hidden(layer, slot, rows, kept);
        Panel dropped = Panel.of(pass.dropped(x, place(layer)), inputs);
        Segments segments = pass.segments();
        for (int i = 0; i < segments.count(); i++) {
            int first = segments.firstRow(i);
            LoraRun.Gradient gradient = gradient(pass, slot, layer, segments.accumulator(i));
            Panel b = gradient.b();
            if (b != null) {
                Shape toB = new Shape(n, r, segments.rows(i), true, false, s, true);
                pass.products.multiply(toB, outer.from(first), h.from(first), b);
            }
            Panel a = gradient.a();
            if (a != null) {
                Shape toA = new Shape(r, inputs, segments.rows(i), true, false, 1, true);
                pass.products.multiply(toA, dh.from(first), dropped.from(first), a);
            }
        }
        if (input.wanted()) { // the scratch of x' takes dh A
            Shape back = new Shape(rows, inputs, r, false, false, 1, false);
            pass.products.multiply(back, dh, Panel.of(factors.a(), inputs), dropped);
            pass.dropout().apply(place(layer), pass.batch(), dropped.values(), input.values(), true);
        }
    }

    private record Rows(int first, int count, LoraRun.@Nullable Gradient gradient) {}
}
