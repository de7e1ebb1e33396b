package dev.fedlora.lora.gguf;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.LoraScaling;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.quant.Dequantizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Adapters as the GGUF files that llama.cpp loads beside a base model.
 *
 * <p>Not covered: the classifier head. llama.cpp refuses any tensor that is not a factor of a base tensor, so a GGUF
 * adapter of a classifier has the factors alone, and reading it gives an adapter without a head; the whole adapter is the
 * PEFT directory.
 *
 * <p>The scale of a GGUF adapter is alpha / rank, the rank each tensor's own and the alpha one for all. Another alpha of a
 * tensor is therefore multiplied into its B, and rank-stabilized scaling is written as alpha √rank: the product is the
 * same, the spec that is read back is not.
 */
public final class GgufAdapters {
    private static final String A = ".lora_a";
    private static final String B = ".lora_b";
    private static final String ALPHA = "adapter.lora.alpha";
    /** Key of the base model's hash; llama.cpp reads over keys that it does not know. */
    public static final String BASE = "fedlora.base_sha256";

    private static final Pattern IN_BLOCK = Pattern.compile("blk\\.\\d{1,5}\\.[a-z0-9_]{1,64}\\.weight");
    private static final int QUANTIZATION_VERSION = 2; // ggml's present block layouts

    private GgufAdapters() {}

    /**
     * Writes the factors of {@code adapter}, in F32, without its head.
     *
     * @throws IOException when the file cannot be written
     */
    public static void write(LoraAdapter adapter, Path file) throws IOException {
        GgufWriter out = new GgufWriter()
                .text("general.architecture", adapter.architecture())
                .text("general.type", "adapter")
                .u32("general.quantization_version", QUANTIZATION_VERSION)
                .text("adapter.type", "lora")
                .f32(ALPHA, alpha(adapter.spec()))
                .text(BASE, adapter.baseSha256());
        for (LoraFactors f : adapter.factors()) {
            out.tensor(f.tensor() + A, List.of((long) f.inputs(), (long) f.rank()), f.a());
            out.tensor(f.tensor() + B, List.of((long) f.rank(), (long) f.outputs()), foldedB(adapter.spec(), f));
        }
        out.write(file);
    }

    /** Returns the alpha of the whole file. */
    private static float alpha(AdapterSpec spec) {
        return spec.scaling() == LoraScaling.STANDARD ? spec.alpha() : (float) (spec.alpha() * Math.sqrt(spec.rank()));
    }

    /** Returns B times what this tensor's alpha has over that of the whole file. */
    private static float[] foldedB(AdapterSpec spec, LoraFactors f) {
        if (!isFolded(spec, f)) {
            return f.b();
        }
        double factor = (double) spec.scale(f) * f.rank() / alpha(spec);
        float[] b = new float[f.b().length];
        for (int i = 0; i < b.length; i++) {
            b[i] = (float) (factor * f.b()[i]);
        }
        return b;
    }

    /** Says whether the file can only hold these factors with another B, which is rounded once. */
    public static boolean isFolded(AdapterSpec spec, LoraFactors f) {
        boolean ownRank = spec.scaling() == LoraScaling.RANK_STABILIZED && f.rank() != spec.rank();
        return ownRank || spec.alpha(f.tensor()) != spec.alpha();
    }

    /**
     * Reads an adapter for {@code base}. A file without alpha is one whose scale is 1, as llama.cpp takes it.
     *
     * @throws MalformedFileException when it is not a LoRA adapter, or does not fit {@code base}
     * @throws IOException when it cannot be read
     */
    public static LoraAdapter read(Path file, GgufFile base) throws IOException {
        GgufFile gguf = GgufFile.open(file);
        require(
                file,
                gguf.findString("general.type").equals(Optional.of("adapter")),
                "general.type is not \"adapter\"");
        require(file, gguf.findString("adapter.type").equals(Optional.of("lora")), "adapter.type is not \"lora\"");
        List<LoraFactors> factors = factors(gguf);
        factors.forEach(f -> requireInBlock(file, f.tensor()));
        try {
            LoraAdapter adapter = new LoraAdapter(
                    gguf.string("general.architecture"),
                    gguf.findString(BASE).orElseGet(base::sha256),
                    spec(gguf, factors),
                    factors,
                    null);
            require(file, adapter.isFinite(), "holds a value that is not a finite number");
            requireFits(adapter, base);
            return adapter;
        } catch (MalformedFileException known) {
            throw known;
        } catch (IllegalArgumentException refused) { // by the adapter's own parts
            throw new MalformedFileException(file.toString(), String.valueOf(refused.getMessage()), refused);
        }
    }

    private static AdapterSpec spec(GgufFile gguf, List<LoraFactors> factors) {
        double alpha = gguf.findFloating(ALPHA).orElse(0.0);
        Map<String, Float> alphas = new HashMap<>();
        factors.forEach(f -> alphas.put(f.tensor(), alpha == 0 ? f.rank() : (float) alpha));
        int rank = factors.get(0).rank();
        return AdapterSpec.describing(factors, rank, alpha == 0 ? rank : (float) alpha, LoraScaling.STANDARD, alphas);
    }

    /**
     * Refuses an adapter that was made for another base: another architecture or hash, a tensor that the base lacks, or a
     * shape that is not the base's.
     *
     * @throws IllegalArgumentException naming the first difference
     */
    public static void requireFits(LoraAdapter adapter, GgufFile base) {
        String architecture = base.string("general.architecture");
        if (!adapter.architecture().equals(architecture)) {
            throw new IllegalArgumentException("the adapter is for architecture %s, the base model %s is %s"
                    .formatted(adapter.architecture(), base.path(), architecture));
        }
        if (!adapter.baseSha256().equals(base.sha256())) {
            throw new IllegalArgumentException("the adapter is for the base model %s, but %s is %s"
                    .formatted(adapter.baseSha256(), base.path(), base.sha256()));
        }
        for (LoraFactors f : adapter.factors()) {
            Optional<GgufTensor> tensor = base.findTensor(f.tensor());
            List<Long> expected = List.of((long) f.inputs(), (long) f.outputs());
            if (!tensor.map(GgufTensor::dimensions).equals(Optional.of(expected))) {
                throw new IllegalArgumentException("the adapter has factors of %s with dimensions %s, the base model %s"
                        .formatted(
                                f.tensor(),
                                expected,
                                tensor.map(t -> "has " + t.dimensions()).orElse("has none")));
            }
        }
        ClassifierHead head = adapter.head();
        if (head != null && head.inputs() != base.count(architecture + ".embedding_length")) {
            throw new IllegalArgumentException("the adapter's classifier takes %d values, the base model gives %d"
                    .formatted(head.inputs(), base.count(architecture + ".embedding_length")));
        }
    }

    private static List<LoraFactors> factors(GgufFile gguf) {
        List<LoraFactors> factors = new ArrayList<>();
        for (GgufTensor tensor : gguf.tensors()) {
            if (tensor.name().endsWith(A)) {
                factors.add(factors(gguf, tensor));
            } else if (!tensor.name().endsWith(B)) {
                throw new MalformedFileException(
                        gguf.path(), "has a tensor that is not of a LoRA pair: " + tensor.name());
            }
        }
        require(gguf.path(), !factors.isEmpty(), "has no tensor that ends in " + A);
        require(gguf.path(), gguf.tensors().size() == 2 * factors.size(), "has a lora_b without its lora_a");
        return factors;
    }

    private static LoraFactors factors(GgufFile gguf, GgufTensor a) {
        String tensor = a.name().substring(0, a.name().length() - A.length());
        GgufTensor b = gguf.tensor(tensor + B);
        require(
                gguf.path(),
                a.dimensions().size() == 2 && b.dimensions().size() == 2 && a.rows() == b.columns(),
                "%s and %s have dimensions %s and %s, expected [inputs, rank] and [rank, outputs]"
                        .formatted(a.name(), b.name(), a.dimensions(), b.dimensions()));
        return new LoraFactors(
                tensor,
                (int) a.rows(),
                (int) a.columns(),
                (int) b.rows(),
                values(gguf, a.name()),
                values(gguf, b.name()));
    }

    private static float[] values(GgufFile gguf, String name) {
        return Dequantizer.all(gguf.matrix(name));
    }

    private static void requireInBlock(Path file, String tensor) {
        require(file, IN_BLOCK.matcher(tensor).matches(), "adapts " + tensor + ", which is not in a block");
    }

    private static void require(Path file, boolean holds, String problem) {
        if (!holds) {
            throw new MalformedFileException(file, problem);
        }
    }
}
