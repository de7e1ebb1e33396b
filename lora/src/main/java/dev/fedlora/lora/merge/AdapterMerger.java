package dev.fedlora.lora.merge;

import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.gguf.GgufAdapters;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufTensor;
import dev.fedlora.lora.gguf.GgufValue;
import dev.fedlora.lora.gguf.GgufValueType;
import dev.fedlora.lora.gguf.GgufWriter;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.Quantizer;
import dev.fedlora.lora.safetensors.AdapterBytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes a base model with an adapter in its weights, so that it needs the adapter no more:
 *
 * <pre>
 * W' = W + t s B A        t the strength that is asked for, s the scale of the adapter's spec
 * </pre>
 *
 * <p>Each adapted matrix is dequantized, added to in double, rounded once to single precision and stored; all other tensors
 * and the metadata are copied to the byte, with three entries under {@code fedlora.merged} that say what was merged.
 * BitNet's factor of a matrix stays beside it and is for the sum, as it is for adapters that are not merged.
 *
 * <p>Not covered: a classifier head, for which a GGUF model has no place. Quantizing the sum again loses what a step of the
 * type is too coarse for; F16 or Q8_0 keep a small adapter better than Q4_0.
 *
 * <p>Cost: memory for a few MiB of rows; time of order outputs × inputs × rank a matrix.
 */
public final class AdapterMerger {
    private static final String OWN = "fedlora.merged";

    private final GgufFile base;
    private final LoraAdapter adapter;
    private final float strength;
    private final @Nullable QuantizationType type;

    /**
     * Prepares to merge {@code adapter} into {@code base}.
     *
     * @param strength t, finite
     * @param type of the adapted matrices, or null for what each has in the base
     * @throws IllegalArgumentException when the adapter is for another base, a value is not finite, or a matrix cannot be
     *     stored as that type
     */
    public AdapterMerger(GgufFile base, LoraAdapter adapter, float strength, @Nullable QuantizationType type) {
        if (!Float.isFinite(strength)) {
            throw new IllegalArgumentException("the adapter's strength must be finite, got " + strength);
        }
        if (!adapter.isFinite()) {
            throw new IllegalArgumentException("the adapter holds a value that is not a finite number");
        }
        GgufAdapters.requireFits(adapter, base);
        this.base = base;
        this.adapter = adapter;
        this.strength = strength;
        this.type = type;
        adapter.factors().forEach(f -> requireStorable(base.tensor(f.tensor())));
    }

    /**
     * Writes the merged model, replacing what stood at {@code target}.
     *
     * @throws IllegalArgumentException when {@code target} is the base itself, or a sum is too large for the type; nothing is
     *     changed then
     * @throws IOException when it cannot be written; what stood there is unchanged then
     */
    public void write(Path target) throws IOException {
        if (Files.exists(target) && Files.isSameFile(target, base.path())) {
            throw new IllegalArgumentException(target + " is the base model itself; name another file");
        }
        GgufWriter out = new GgufWriter();
        base.metadata().forEach((key, value) -> {
            if (!key.startsWith(OWN)) { // general.file_type too: most tensors are not adapted, and keep their type
                out.put(key, value);
            }
        });
        out.text(OWN + "_base_sha256", base.sha256())
                .text(OWN + "_adapter_sha256", AdapterBytes.sha256(adapter))
                .put(OWN + "_strength", new GgufValue.Real(GgufValueType.F32, strength));
        Map<String, LoraFactors> factors = new HashMap<>();
        adapter.factors().forEach(f -> factors.put(f.tensor(), f));
        for (GgufTensor tensor : base.tensors()) {
            LoraFactors own = factors.get(tensor.name());
            if (own == null) {
                out.parts(tensor.name(), tensor.type(), tensor.dimensions(), to -> copy(tensor, to));
            } else {
                out.parts(tensor.name(), type(tensor), tensor.dimensions(), rows(own));
            }
        }
        out.write(target);
    }

    private MergedRows rows(LoraFactors f) {
        double factor = (double) strength * adapter.spec().scale(f);
        return new MergedRows(base.parts(f.tensor()), f, factor, type(base.tensor(f.tensor())));
    }

    private QuantizationType type(GgufTensor tensor) {
        return type == null ? tensor.type() : type;
    }

    private void requireStorable(GgufTensor tensor) {
        QuantizationType as = type(tensor);
        if (!Quantizer.writes(as)) {
            throw new IllegalArgumentException(
                    "%s would be stored as %s, which cannot be written: choose a type for the adapted matrices, of %s"
                            .formatted(tensor.name(), as, Quantizer.writable()));
        }
        if (tensor.columns() % as.blockSize() != 0) {
            throw new IllegalArgumentException(
                    "%s has rows of %d values, which are no whole blocks of %d that %s has: choose another type"
                            .formatted(tensor.name(), tensor.columns(), as.blockSize(), as));
        }
    }

    private void copy(GgufTensor tensor, GgufWriter.Target out) throws IOException {
        for (ByteBuffer part : base.byteParts(tensor.name())) {
            out.write(part);
        }
    }
}
