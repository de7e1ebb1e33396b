package dev.fedlora.lora;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One adapter: the LoRA factors of every adapted layer and, for classification, the head trained beside them.
 *
 * <p>Its parameters have one canonical order, the order of {@link #parameters()}: factors sorted by tensor name, each as
 * A then B, then the head's weight and bias. Aggregation, hashes and checkpoints all use that order.
 *
 * <p>Not thread-safe: training writes into the arrays.
 *
 * @param architecture of the base model, such as {@code bert}
 * @param baseSha256 hex hash of the base model's file; an adapter fits no other base
 * @param spec rank, alpha and targets
 * @param factors one entry an adapted tensor, sorted by tensor name
 * @param head the classifier, or null for a generating model
 */
public record LoraAdapter(
        String architecture,
        String baseSha256,
        AdapterSpec spec,
        List<LoraFactors> factors,
        @Nullable ClassifierHead head) {
    public LoraAdapter {
        factors = factors.stream()
                .sorted(Comparator.comparing(LoraFactors::tensor))
                .toList();
    }

    /** Returns the number of trainable values, head included. */
    public int parameterCount() {
        int[] count = {0};
        forEachArray(values -> count[0] += values.length);
        return count[0];
    }

    /** Returns a copy of all trainable values in canonical order. */
    public float[] parameters() {
        float[] all = new float[parameterCount()];
        int[] next = {0};
        forEachArray(values -> {
            System.arraycopy(values, 0, all, next[0], values.length);
            next[0] += values.length;
        });
        return all;
    }

    /**
     * Overwrites all trainable values.
     *
     * @param all values in canonical order
     * @throws IllegalArgumentException when the length is not {@link #parameterCount()}; nothing is changed then
     */
    public void setParameters(float[] all) {
        if (all.length != parameterCount()) {
            throw new IllegalArgumentException(
                    "adapter has %d parameters, got %d".formatted(parameterCount(), all.length));
        }
        int[] next = {0};
        forEachArray(values -> {
            System.arraycopy(all, next[0], values, 0, values.length);
            next[0] += values.length;
        });
    }

    /** Returns an adapter of its own arrays with the same values. */
    public LoraAdapter copy() {
        List<LoraFactors> own = new ArrayList<>();
        for (LoraFactors f : factors) {
            own.add(new LoraFactors(f.tensor(), f.rank(), f.inputs(), f.outputs(), f.a().clone(), f.b().clone()));
        }
        ClassifierHead ownHead = head == null
                ? null
                : new ClassifierHead(
                        head.labels(),
                        head.inputs(),
                        head.weight().clone(),
                        head.bias().clone());
        return new LoraAdapter(architecture, baseSha256, spec, own, ownHead);
    }

    /** Returns the arrays of trainable values in canonical order; they are the adapter's own. */
    public List<float[]> arrays() {
        List<float[]> arrays = new ArrayList<>();
        forEachArray(arrays::add);
        return arrays;
    }

    /** Says whether every value is a finite number. */
    public boolean isFinite() {
        return arrays().stream().allMatch(LoraAdapter::isFinite);
    }

    private static boolean isFinite(float[] values) {
        float sum = 0;
        for (float value : values) {
            sum += value * 0; // NaN and infinity leave their mark
        }
        return sum == 0;
    }

    private void forEachArray(Consumer<float[]> action) {
        for (LoraFactors f : factors) {
            action.accept(f.a());
            action.accept(f.b());
        }
        if (head != null) {
            action.accept(head.weight());
            action.accept(head.bias());
        }
    }

    /** Names the shape only: parameters are never printed. */
    @Override
    public String toString() {
        return "LoraAdapter[%s, rank %d, %d tensors, %d parameters%s]"
                .formatted(
                        architecture,
                        spec.rank(),
                        factors.size(),
                        parameterCount(),
                        head == null ? "" : ", labels " + head.labels());
    }

    /** Same base, spec, tensors and labels, and the same values to the bit. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof LoraAdapter that
                && architecture.equals(that.architecture)
                && baseSha256.equals(that.baseSha256)
                && spec.equals(that.spec)
                && shape().equals(that.shape())
                && Arrays.equals(parameters(), that.parameters());
    }

    /** What the arrays are called, and so how the vector of parameters is read. */
    private List<Object> shape() {
        List<Object> shape = new ArrayList<>();
        for (LoraFactors f : factors) {
            shape.add(List.of(f.tensor(), f.rank(), f.inputs(), f.outputs()));
        }
        if (head != null) {
            shape.add(List.of(head.inputs(), head.labels()));
        }
        return shape;
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(parameters());
    }
}
