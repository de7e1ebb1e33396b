package dev.fedlora.lora.gguf;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.quant.Dequantizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Adapters as the GGUF files that llama.cpp loads beside a base model.
 *
 * <p>Not covered: the classifier head. llama.cpp refuses any tensor that is not a factor of a base tensor, so a GGUF
 * adapter of a classifier has the factors alone, and reading it gives an adapter without a head; the whole adapter is the
 * PEFT directory.
 */
public final class GgufAdapters {
    private static final String A = ".lora_a";
    private static final String B = ".lora_b";
    private static final String ALPHA = "adapter.lora.alpha";
    private static final String BASE = "fedlora.base_sha256"; // llama.cpp reads over keys that it does not know
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
                .f32(ALPHA, adapter.spec().alpha())
                .text(BASE, adapter.baseSha256());
        for (LoraFactors f : adapter.factors()) {
            out.tensor(f.tensor() + A, List.of((long) f.inputs(), (long) f.rank()), f.a());
            out.tensor(f.tensor() + B, List.of((long) f.rank(), (long) f.outputs()), f.b());
        }
        out.write(file);
    }

    /**
     * Reads an adapter for {@code base}. A file without alpha is one whose scale is 1, as llama.cpp takes it.
     *
     * @throws MalformedFileException when it is not a LoRA adapter of one rank, or does not fit {@code base}
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
        int rank = factors.get(0).rank();
        double alpha = gguf.findFloating(ALPHA).filter(a -> a != 0).orElse((double) rank);
        List<String> targets =
                factors.stream().map(f -> target(file, f.tensor())).toList();
        try {
            LoraAdapter adapter = new LoraAdapter(
                    gguf.string("general.architecture"),
                    gguf.findString(BASE).orElseGet(base::sha256),
                    new AdapterSpec(rank, (float) alpha, targets),
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
        long ranks = factors.stream().map(LoraFactors::rank).distinct().count();
        require(gguf.path(), ranks == 1, "has factors of %d different ranks, expected one".formatted(ranks));
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

    private static String target(Path file, String tensor) {
        String[] parts = tensor.split("\\.", -1);
        require(file, parts.length == 4 && parts[0].equals("blk"), "adapts " + tensor + ", which is not in a block");
        return parts[2];
    }

    private static void require(Path file, boolean holds, String problem) {
        if (!holds) {
            throw new MalformedFileException(file, problem);
        }
    }
}
