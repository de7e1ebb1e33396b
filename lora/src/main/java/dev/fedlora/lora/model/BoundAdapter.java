package dev.fedlora.lora.model;

import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An adapter laid over the base model it was made for: which factors each linear layer has, and where they stand among
 * the P values that are trained: the adapter's canonical order, without every A when those are frozen.
 *
 * <p>Shares the adapter's arrays, so a change of its parameters is seen at once. Safe to use from several threads while
 * nobody changes the parameters.
 */
public final class BoundAdapter {
    private final LoraAdapter adapter;
    private final List<LinearLayer> layers;
    private final @Nullable Slot[][] slots;
    private final float strength;
    private final boolean freezesA;
    private final int lowestBlock;
    private final int headOffset;

    /**
     * The factors of one layer in one block.
     *
     * @param offsetA position of the first value of A among the trained values; negative where A is frozen
     * @param offsetB position of the first value of B among the trained values
     * @param scale s, what B (A x) is multiplied by
     */
    record Slot(LoraFactors factors, int offsetA, int offsetB, float scale) {
        boolean trainsA() {
            return offsetA >= 0;
        }
    }

    /**
     * @param strength what the adapter's own scale is multiplied by
     * @param blocks of the base model
     * @param layers kinds of linear layers that each block has
     * @throws IllegalArgumentException when the adapter holds factors that do not fit a layer of the model
     */
    BoundAdapter(LoraAdapter adapter, float strength, int blocks, List<LinearLayer> layers) {
        this(adapter, strength, false, blocks, layers);
    }

    private BoundAdapter(LoraAdapter adapter, float strength, boolean freezesA, int blocks, List<LinearLayer> layers) {
        this.adapter = adapter;
        this.strength = strength;
        this.freezesA = freezesA;
        this.layers = layers;
        Map<String, Slot> byTensor = new HashMap<>();
        int offset = 0;
        for (LoraFactors factors : adapter.factors()) {
            int offsetA = freezesA ? -1 : offset;
            int offsetB = freezesA ? offset : offset + factors.a().length;
            byTensor.put(
                    factors.tensor(),
                    new Slot(
                            factors, offsetA, offsetB, strength * adapter.spec().scale(factors)));
            offset = offsetB + factors.b().length;
        }
        this.headOffset = offset;
        this.slots = new Slot[blocks][layers.size()];
        int lowest = blocks;
        for (int block = blocks - 1; block >= 0; block--) {
            for (int i = 0; i < layers.size(); i++) {
                slots[block][i] = take(byTensor, block, layers.get(i));
                lowest = slots[block][i] == null ? lowest : block;
            }
        }
        this.lowestBlock = lowest;
        if (!byTensor.isEmpty()) {
            throw new IllegalArgumentException("the adapter holds factors for "
                    + byTensor.keySet().stream().sorted().toList() + ", which the base model does not have");
        }
    }

    private @Nullable Slot take(Map<String, Slot> byTensor, int block, LinearLayer layer) {
        Slot slot = byTensor.remove(layer.tensor(block));
        if (slot == null) {
            return null;
        }
        LoraFactors factors = slot.factors();
        if (factors.inputs() != layer.inputs() || factors.outputs() != layer.outputs()) {
            throw new IllegalArgumentException("%s is %d x %d in the base model, the adapter's factors are for %d x %d"
                    .formatted(factors.tensor(), layer.outputs(), layer.inputs(), factors.outputs(), factors.inputs()));
        }
        return slot;
    }

    /** Returns the adapter whose arrays are shared. */
    public LoraAdapter adapter() {
        return adapter;
    }

    /**
     * Returns the same adapter with every A frozen, so that B and the head alone are trained: FFA-LoRA (Sun et al., Improving
     * LoRA in Privacy-preserving Federated Learning, ICLR 2024, arXiv 2403.12313). Gradients of A are not computed, and the
     * P trained values leave A out.
     */
    public BoundAdapter freezingA() {
        return new BoundAdapter(adapter, strength, true, slots.length, layers);
    }

    /** Returns P, the number of trained values. */
    public int parameterCount() {
        ClassifierHead head = adapter.head();
        return head == null ? headOffset : headOffset + head.weight().length + head.bias().length;
    }

    /** Returns a copy of the P trained values, in canonical order. */
    public float[] parameters() {
        float[] all = new float[parameterCount()];
        copyParameters(all);
        return all;
    }

    /** Writes the P trained values, in canonical order, to the start of {@code to}. */
    public void copyParameters(float[] to) {
        int next = 0;
        for (float[] values : trainedArrays()) {
            System.arraycopy(values, 0, to, next, values.length);
            next += values.length;
        }
    }

    /**
     * Overwrites the trained values.
     *
     * @param all P values in canonical order
     * @throws IllegalArgumentException when there are not P; nothing is changed then
     */
    public void setParameters(float[] all) {
        if (all.length != parameterCount()) {
            throw new IllegalArgumentException(
                    "the adapter has %d trained values, got %d".formatted(parameterCount(), all.length));
        }
        int next = 0;
        for (float[] values : trainedArrays()) {
            System.arraycopy(all, next, values, 0, values.length);
            next += values.length;
        }
    }

    private List<float[]> trainedArrays() {
        List<float[]> arrays = new ArrayList<>();
        for (LoraFactors factors : adapter.factors()) {
            if (!freezesA) {
                arrays.add(factors.a());
            }
            arrays.add(factors.b());
        }
        ClassifierHead head = adapter.head();
        if (head != null) {
            arrays.add(head.weight());
            arrays.add(head.bias());
        }
        return arrays;
    }

    /** Returns the position of the head's first value among the trained ones; P when there is no head. */
    public int headOffset() {
        return headOffset;
    }

    /** Returns the lowest block with factors: backward goes no deeper. The number of blocks when there are none. */
    int lowestBlock() {
        return lowestBlock;
    }

    /** Returns the factors of layer number {@code layer} in block {@code block}, or null. */
    @Nullable Slot slot(int block, int layer) {
        return slots[block][layer];
    }

    @Override
    public String toString() {
        return adapter + " over " + slots.length + " blocks of " + layers.size() + " linear layers";
    }
}
