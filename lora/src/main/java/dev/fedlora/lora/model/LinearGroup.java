package dev.fedlora.lora.model;

import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.tensor.AdaptedLayer;
import dev.fedlora.lora.tensor.LoraRun;
import dev.fedlora.lora.tensor.MatrixProducts.Shape;
import dev.fedlora.lora.tensor.Panel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The linear layers of one block that read the same input x (R × K), each with the LoRA factors that the pass's adapters
 * have for it, if any. For a layer of N outputs, at the rows of each adapter:
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

    /** Returns the frozen weights. */
    Stream<QuantizedMatrix> weights() {
        return layers.stream().map(FrozenLinear::weight);
    }

    /** Says whether an adapter of the pass has factors for one of the layers. */
    boolean isAdapted(PassState pass) {
        for (FrozenLinear layer : layers) {
            if (pass.adapters().adapts(layer.block(), layer.number())) {
                return true;
            }
        }
        return false;
    }

    /**
     * Computes every layer's output.
     *
     * @param outputs R × N each, in the order of the layers
     * @param accumulate whether the results are added to what the outputs hold; for layers whose factor is 1 only
     */
    void forward(PassState pass, float[] x, List<float[]> outputs, LoraHiddens kept, boolean accumulate) {
        boolean dropsOut = pass.dropout().isActive();
        List<AdaptedLayer> all = new ArrayList<>(layers.size());
        for (int i = 0; i < layers.size(); i++) {
            FrozenLinear layer = layers.get(i);
            List<LoraRun> runs = adapterRuns(pass, layer, kept);
            all.add(new AdaptedLayer(layer.weight(), Panel.of(outputs.get(i), layer.outputs()), runs));
        }
        pass.products.forward(dropsOut ? withoutFactors(all) : all, Panel.of(x, inputs), pass.rows(), accumulate);
        for (int i = 0; i < layers.size(); i++) {
            if (dropsOut) {
                dropoutForward(pass, place(layers.get(i)), x, all.get(i));
            }
            layers.get(i).finish(outputs.get(i), pass.rows());
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
        List<Dropout.Place> places = new ArrayList<>(layers.size());
        for (int i = 0; i < layers.size(); i++) {
            FrozenLinear layer = layers.get(i);
            List<LoraRun> runs = segmentRuns(pass, layer, kept);
            if (runs.isEmpty() && !input.wanted()) {
                continue;
            }
            layer.finishBackward(gradients.get(i), pass.rows());
            all.add(new AdaptedLayer(layer.weight(), Panel.of(gradients.get(i), layer.outputs()), runs));
            places.add(place(layer));
        }
        if (all.isEmpty()) {
            return;
        }
        if (!dropsOut || input.wanted()) {
            Panel dx = input.wanted() ? Panel.of(input.values(), inputs) : null;
            List<AdaptedLayer> now = dropsOut ? withoutFactors(all) : all;
            pass.products.backward(now, Panel.of(x, inputs), pass.rows(), dx, input.accumulate());
        }
        for (int i = 0; i < all.size() && dropsOut; i++) {
            dropoutBackward(pass, places.get(i), x, all.get(i), input);
        }
    }

    private static List<AdaptedLayer> withoutFactors(List<AdaptedLayer> all) {
        return all.stream()
                .map(layer -> new AdaptedLayer(layer.weight(), layer.output(), List.of()))
                .toList();
    }

    // ---- runs

    /**
     * Returns a run for every adapter that has factors for the layer. Their hidden matrices lie one after the other, each as
     * wide as its rank.
     */
    private static List<LoraRun> adapterRuns(PassState pass, FrozenLinear layer, LoraHiddens kept) {
        AdapterRuns adapters = pass.adapters();
        int size = 0;
        for (int i = 0; i < adapters.count(); i++) {
            BoundAdapter.Slot slot = slot(adapters, i, layer);
            size += slot == null ? 0 : adapters.rows(i) * slot.factors().rank();
        }
        if (size == 0) {
            return List.of();
        }
        float[] hidden = kept.of(layer.number(), size);
        int offset = 0;
        List<LoraRun> runs = new ArrayList<>(adapters.count());
        for (int i = 0; i < adapters.count(); i++) {
            BoundAdapter.Slot slot = slot(adapters, i, layer);
            if (slot != null) {
                LoraFactors factors = slot.factors();
                int rank = factors.rank();
                runs.add(new LoraRun(
                        adapters.firstRow(i),
                        adapters.rows(i),
                        rank,
                        slot.scale(),
                        factors.a(),
                        factors.b(),
                        new Panel(hidden, offset, rank),
                        null));
                offset += adapters.rows(i) * rank;
            }
        }
        return runs;
    }

    private static BoundAdapter.@Nullable Slot slot(AdapterRuns adapters, int run, FrozenLinear layer) {
        BoundAdapter adapter = adapters.adapter(run);
        return adapter == null ? null : adapter.slot(layer.block(), layer.number());
    }

    /** Returns the parts of {@link #adapterRuns} that lie in one segment each, with its accumulator. */
    private static List<LoraRun> segmentRuns(PassState pass, FrozenLinear layer, LoraHiddens kept) {
        List<LoraRun> whole = adapterRuns(pass, layer, kept);
        if (whole.isEmpty()) {
            return whole;
        }
        Segments segments = pass.segments();
        List<LoraRun> runs = new ArrayList<>(segments.count());
        int next = 0;
        for (int i = 0; i < segments.count() && next < whole.size(); i++) {
            LoraRun in = whole.get(next);
            int first = segments.firstRow(i);
            if (first >= in.firstRow()) { // a segment has one adapter or none
                runs.add(segmentRun(pass, layer, in, i));
                next += first + segments.rows(i) == in.endRow() ? 1 : 0;
            }
        }
        return runs;
    }

    private static LoraRun segmentRun(PassState pass, FrozenLinear layer, LoraRun in, int segment) {
        Segments segments = pass.segments();
        AdapterRuns adapters = pass.adapters();
        BoundAdapter.Slot slot =
                Objects.requireNonNull(slot(adapters, adapters.runOf(segments.firstSequence(segment)), layer));
        int first = segments.firstRow(segment);
        return new LoraRun(
                first,
                segments.rows(segment),
                in.rank(),
                in.scale(),
                in.a(),
                in.b(),
                in.hidden().from(first - in.firstRow()),
                gradient(pass, slot, layer, segments.accumulator(segment)));
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

    // ---- dropout

    private Dropout.Place place(FrozenLinear layer) {
        return new Dropout.Place(layer.block(), layer.number(), inputs);
    }

    /** y += s (x' Aᵀ) Bᵀ. */
    private void dropoutForward(PassState pass, Dropout.Place place, float[] x, AdaptedLayer layer) {
        if (layer.runs().isEmpty()) {
            return;
        }
        Panel dropped = Panel.of(pass.dropped(x, place), inputs);
        int n = layer.weight().rows();
        for (LoraRun run : layer.runs()) {
            int r = run.rank();
            Shape down = new Shape(run.rows(), r, inputs, false, true, 1, false);
            pass.products.multiply(down, dropped.from(run.firstRow()), Panel.of(run.a(), inputs), run.hidden());
            Shape up = new Shape(run.rows(), n, r, false, true, run.scale(), true);
            Panel y = layer.output().from(run.firstRow());
            pass.products.multiply(up, run.hidden(), Panel.of(run.b(), r), y);
        }
    }

    /** dh = s dy B, dB += s dyᵀ h, dA += dhᵀ x', dx += mask ∘ dh A / (1 - rate). */
    private void dropoutBackward(
            PassState pass, Dropout.Place place, float[] x, AdaptedLayer layer, InputGradient input) {
        if (layer.runs().isEmpty()) {
            return;
        }
        Panel dropped = Panel.of(pass.dropped(x, place), inputs);
        int done = 0; // rows of x' that gave way to dh A, which is zero where there are no factors
        for (LoraRun run : layer.runs()) {
            int r = run.rank();
            Panel dh = Panel.of(pass.rankScratch(r), r);
            factorGradients(pass, layer, run, dropped.from(run.firstRow()), dh);
            if (input.wanted()) {
                Shape back = new Shape(run.rows(), inputs, r, false, false, 1, false);
                pass.products.multiply(back, dh, Panel.of(run.a(), inputs), dropped.from(run.firstRow()));
                Arrays.fill(dropped.values(), done * inputs, run.firstRow() * inputs, 0);
                done = run.endRow();
            }
        }
        if (input.wanted()) {
            Arrays.fill(dropped.values(), done * inputs, pass.rows() * inputs, 0);
            pass.dropout().apply(place, pass.batch(), dropped.values(), input.values(), true);
        }
    }

    /** Writes dh of one run and adds its gradients of A and B. */
    private void factorGradients(PassState pass, AdaptedLayer layer, LoraRun run, Panel dropped, Panel dh) {
        int n = layer.weight().rows();
        int r = run.rank();
        Panel dy = layer.output().from(run.firstRow());
        Shape toHidden = new Shape(run.rows(), r, n, false, false, run.scale(), false);
        pass.products.multiply(toHidden, dy, Panel.of(run.b(), r), dh);
        LoraRun.Gradient gradient = Objects.requireNonNull(run.gradient());
        if (gradient.b() != null) {
            Shape toB = new Shape(n, r, run.rows(), true, false, run.scale(), true);
            pass.products.multiply(toB, dy, run.hidden(), gradient.b());
        }
        if (gradient.a() != null) {
            Shape toA = new Shape(r, inputs, run.rows(), true, false, 1, true);
            pass.products.multiply(toA, dh, dropped, gradient.a());
        }
    }
}
