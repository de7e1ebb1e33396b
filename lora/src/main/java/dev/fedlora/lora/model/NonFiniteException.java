package dev.fedlora.lora.model;

import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.quant.Dequantizer;
import dev.fedlora.lora.quant.QuantizedMatrix;
import org.jspecify.annotations.Nullable;

/**
 * A model's result is infinite or not a number, so that it says nothing. The message names the first tensor of the base
 * model that holds such a value, or else the adapter, or says that neither does and numbers grew too large on the way.
 *
 * <p>Opening a model reads none of its matrices, so a scale that is not finite is found here, and searched for only then.
 */
public final class NonFiniteException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private NonFiniteException(String message) {
        super(message);
    }

    /**
     * Lets results pass that are finite.
     *
     * @param what one of them is, such as "a logit"
     * @param adapters that they were computed with
     * @throws NonFiniteException when one of the first {@code count} values is not
     */
    static void check(String what, float[] values, int count, BaseModel model, AdapterRuns adapters) {
        for (int i = 0; i < count; i++) {
            if (!Float.isFinite(values[i])) {
                throw of(what, values[i], model, adapters);
            }
        }
    }

    /** As above, for all of {@code values}. */
    static void check(String what, double[] values, BaseModel model, AdapterRuns adapters) {
        for (double value : values) {
            if (!Double.isFinite(value)) {
                throw of(what, value, model, adapters);
            }
        }
    }

    private static NonFiniteException of(String what, double got, BaseModel model, AdapterRuns adapters) {
        String cause = inBase(model);
        for (int run = 0; run < adapters.count() && cause == null; run++) {
            cause = inAdapter(adapters.adapter(run));
        }
        return new NonFiniteException("%s is %s: %s"
                .formatted(
                        what,
                        got,
                        cause == null
                                ? "neither the base model nor an adapter holds such a value, but together they give"
                                        + " numbers too large for single precision"
                                : cause));
    }

    private static @Nullable String inBase(BaseModel model) {
        for (QuantizedMatrix matrix : model.frozenMatrices()) {
            float[] row = new float[matrix.columns()];
            for (int r = 0; r < matrix.rows(); r++) {
                Dequantizer.rows(matrix, r, 1, row);
                for (float value : row) {
                    if (!Float.isFinite(value)) {
                        return "tensor %s of the base model holds %s in row %d".formatted(matrix.name(), value, r);
                    }
                }
            }
        }
        return null;
    }

    private static @Nullable String inAdapter(@Nullable BoundAdapter bound) {
        LoraAdapter adapter = bound == null ? null : bound.adapter();
        return adapter == null || adapter.isFinite() ? null : "the adapter holds a value that is not a finite number";
    }
}
