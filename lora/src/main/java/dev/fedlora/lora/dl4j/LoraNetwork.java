package dev.fedlora.lora.dl4j;

import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

/**
 * A network with the factors of one adapter in it; made by {@link BaseNetwork#adapt}.
 *
 * <p>Its trainable values have one canonical order, that of {@link LoraAdapter#parameters()}: the adapted layers sorted by
 * tensor name ({@code blk.10.x} before {@code blk.2.x}), each as A (rank × inputs) then B (outputs × rank), both row-major;
 * then, where there is a head, the output layer's weight (classes × inputs, row-major) and bias.
 *
 * <p>Not thread-safe.
 */
public final class LoraNetwork {
    private final LoraAdapter adapter;
    private final MultiLayerNetwork network;
    private final List<Slot> slots = new ArrayList<>();
    private final int headOffset;
    private final int parameters;

    /** One trainable matrix: where it is in the network, and in the canonical order. */
    private record Slot(int layer, String name, int offset, int length) {}

    LoraNetwork(LoraAdapter adapter, MultiLayerNetwork network) {
        this.adapter = adapter.copy();
        this.network = network;
        int offset = 0;
        for (LoraFactors each : adapter.factors()) {
            int layer = NetworkSurgery.layer(each);
            offset = add(new Slot(layer, LoraDenseParameters.A, offset, each.a().length));
            offset = add(new Slot(layer, LoraDenseParameters.B, offset, each.b().length));
        }
        this.headOffset = offset;
        if (adapter.head() != null) {
            int last = network.getnLayers() - 1;
            offset = add(new Slot(
                    last, LoraDenseParameters.WEIGHT, offset, adapter.head().weight().length));
            offset = add(new Slot(
                    last, LoraDenseParameters.BIAS, offset, adapter.head().bias().length));
        }
        this.parameters = offset;
    }

    private int add(Slot slot) {
        slots.add(slot);
        return slot.offset + slot.length;
    }

    /**
     * Returns the network, for inference, evaluation or a network file: shared, not a copy. Weights but the trainable ones
     * are frozen in it, for {@code MultiLayerNetwork.fit} too.
     *
     * <p>What {@code ModelSerializer} restores is that network alone. To go on training it here, keep the base network's file
     * and the {@link #adapter()}, and lay the one over the other again.
     */
    public MultiLayerNetwork network() {
        return network;
    }

    /** Returns a copy of the trainable values as an adapter. */
    public LoraAdapter adapter() {
        LoraAdapter copy = adapter.copy();
        copy.setParameters(parameters());
        return copy;
    }

    /** Returns P, the number of trainable values. */
    public int parameterCount() {
        return parameters;
    }

    /** Returns a copy of the trainable values in canonical order. */
    public float[] parameters() {
        float[] all = new float[parameters];
        for (Slot slot : slots) {
            float[] values =
                    NetworkParameters.floats(network.getLayer(slot.layer).getParam(slot.name));
            System.arraycopy(values, 0, all, slot.offset, slot.length);
        }
        return all;
    }

    /**
     * Overwrites the trainable values.
     *
     * @throws IllegalArgumentException when there are not P values or one is not finite; nothing is changed then
     */
    public void load(float[] values) {
        if (values.length != parameters) {
            throw new IllegalArgumentException(
                    "the network has %d trainable parameters, got %d".formatted(parameters, values.length));
        }
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new IllegalArgumentException("parameter %d is %s, all must be finite".formatted(i, values[i]));
            }
        }
        slots.forEach(slot -> load(slot, values));
    }

    /** Overwrites the output layer with the adapter's head, if it has one: all that an ordinary network has of it. */
    void loadHead() {
        float[] values = adapter.parameters();
        slots.stream().filter(slot -> slot.offset >= headOffset).forEach(slot -> load(slot, values));
    }

    private void load(Slot slot, float[] values) {
        NetworkParameters.assign(network.getLayer(slot.layer).getParam(slot.name), values, slot.offset);
    }

    /** Returns the canonical position of the head's first value; P when there is no head. */
    int headOffset() {
        return headOffset;
    }

    /** Returns the names of the classes; empty when there is no head. */
    List<String> labels() {
        return adapter.head() == null ? List.of() : adapter.head().labels();
    }

    /**
     * Computes the gradient of the sum of a batch's losses with respect to the trainable values.
     *
     * @param into P values, overwritten, in canonical order
     * @return the mean loss
     */
    double gradient(DataSet batch, float[] into) {
        network.setInput(batch.getFeatures());
        network.setLabels(batch.getLabels());
        network.setLayerMaskArrays(batch.getFeaturesMaskArray(), batch.getLabelsMaskArray());
        try {
            network.computeGradientAndScore();
        } finally {
            network.clearLayerMaskArrays();
        }
        Map<String, INDArray> all = network.gradient().gradientForVariable();
        Arrays.fill(into, 0);
        for (Slot slot : slots) {
            float[] values = NetworkParameters.floats(Objects.requireNonNull(all.get(slot.layer + "_" + slot.name)));
            System.arraycopy(values, 0, into, slot.offset, slot.length);
        }
        return network.score();
    }

    /** Names the size only: parameters are never printed. */
    @Override
    public String toString() {
        return "LoraNetwork[" + adapter + "]";
    }
}
