package dev.fedlora.lora.safetensors;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.file.WholeFile;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The one sequence of bytes that stands for an adapter: what a coordinator stores and sends, and whose hash is the
 * adapter's version. It is a safetensors file of F32 tensors in canonical order; metadata hold what is not a tensor.
 *
 * <pre>
 * tensor           T.lora_a [rank, inputs]   T.lora_b [outputs, rank]   for every adapted tensor T, sorted
 *                  classifier.weight [labels, inputs]   classifier.bias [labels]
 * __metadata__     format "fedlora-adapter-1", architecture, base_sha256, rank, alpha, targets and labels (JSON lists);
 *                  where they are set: scaling, rank_pattern, alpha_pattern (JSON objects)
 * </pre>
 *
 * Bytes that are not exactly what {@link #encode} gives are refused, so that two adapters are equal when their hashes are.
 */
public final class AdapterBytes {
    private static final String SOURCE = "adapter";
    private static final String FORMAT = "fedlora-adapter-1";
    private static final String A = ".lora_a";
    private static final String B = ".lora_b";
    private static final String HEAD_WEIGHT = "classifier.weight";
    private static final String HEAD_BIAS = "classifier.bias";
    private static final Pattern TENSOR = Pattern.compile("blk\\.\\d{1,5}\\.([a-z0-9_]{1,64})\\.weight");
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern ARCHITECTURE = Pattern.compile("[a-z0-9_-]{1,64}");
    private static final String LABELS = "labels";

    private final SafetensorsFile file;
    private final SpecMetadata metadata;

    private AdapterBytes(SafetensorsFile file) {
        this.file = file;
        this.metadata = new SpecMetadata(SOURCE, file.metadata());
    }

    /** Returns the bytes of {@code adapter}. */
    public static byte[] encode(LoraAdapter adapter) {
        SafetensorsWriter out = new SafetensorsWriter()
                .metadata("format", FORMAT)
                .metadata("architecture", adapter.architecture())
                .metadata("base_sha256", adapter.baseSha256());
        SpecMetadata.write(adapter.spec(), out);
        for (LoraFactors f : adapter.factors()) {
            out.tensor(f.tensor() + A, f.a(), f.rank(), f.inputs());
            out.tensor(f.tensor() + B, f.b(), f.outputs(), f.rank());
        }
        ClassifierHead head = adapter.head();
        if (head != null) {
            out.metadata(LABELS, SpecMetadata.json(head.labels()));
            out.tensor(HEAD_WEIGHT, head.weight(), head.labels().size(), head.inputs());
            out.tensor(HEAD_BIAS, head.bias(), head.labels().size());
        }
        return out.toBytes();
    }

    /**
     * Returns the adapter that {@code bytes} stand for.
     *
     * @throws MalformedFileException when they are not the bytes of a whole adapter with finite values, in the one form
     *     that {@link #encode} gives
     */
    public static LoraAdapter decode(byte[] bytes) {
        LoraAdapter adapter;
        try {
            adapter = new AdapterBytes(SafetensorsFile.parse(SOURCE, ByteBuffer.wrap(bytes))).read();
        } catch (MalformedFileException known) {
            throw known;
        } catch (IllegalArgumentException refused) { // by the adapter's own parts
            throw new MalformedFileException(SOURCE, String.valueOf(refused.getMessage()), refused);
        }
        if (!adapter.isFinite()) {
            throw new MalformedFileException(SOURCE, "holds a value that is not a finite number");
        }
        if (!Arrays.equals(encode(adapter), bytes)) {
            throw new MalformedFileException(SOURCE, "is not in canonical form");
        }
        return adapter;
    }

    /** Returns the version of {@code adapter}: the SHA-256 of its bytes, lower-case hex. */
    public static String sha256(LoraAdapter adapter) {
        return sha256(encode(adapter));
    }

    /** Returns the SHA-256 of an adapter's bytes, lower-case hex. */
    public static String sha256(byte[] bytes) {
        return WholeFile.sha256(bytes);
    }

    private LoraAdapter read() {
        require(FORMAT.equals(file.metadata().get("format")), "its format is not " + FORMAT);
        String base = metadata.text("base_sha256");
        require(SHA256.matcher(base).matches(), "its base_sha256 is not a SHA-256 in lower-case hex");
        String architecture = metadata.text("architecture");
        require(ARCHITECTURE.matcher(architecture).matches(), "its architecture is not a name such as bert");
        AdapterSpec spec = metadata.spec();
        List<LoraFactors> factors = new ArrayList<>();
        Set<String> adapted = new HashSet<>();
        for (SafetensorsTensor tensor : file.tensors()) {
            if (tensor.name().endsWith(A)) {
                LoraFactors f = factors(tensor, spec);
                adapted.add(target(f.tensor()));
                factors.add(f);
            }
        }
        require(
                adapted.equals(new HashSet<>(spec.targets())),
                "adapts %s, but its targets are %s".formatted(adapted, spec.targets()));
        return new LoraAdapter(architecture, base, spec, factors, head());
    }

    private LoraFactors factors(SafetensorsTensor a, AdapterSpec spec) {
        String tensor = a.name().substring(0, a.name().length() - A.length());
        SafetensorsTensor b = file.findTensor(tensor + B)
                .orElseThrow(() -> new MalformedFileException(SOURCE, "has no tensor " + tensor + B));
        require(
                a.shape().size() == 2 && b.shape().size() == 2,
                "%s and %s have shapes %s and %s, expected matrices"
                        .formatted(a.name(), b.name(), a.shape(), b.shape()));
        long inputs = a.shape().get(1);
        long outputs = b.shape().get(0);
        require(inputs > 0 && outputs > 0, a.name() + " and its partner have an empty shape");
        int rank = spec.rank(tensor);
        float[] valuesA = file.floats(a.name(), rank, inputs);
        float[] valuesB = file.floats(b.name(), outputs, rank);
        return new LoraFactors(tensor, rank, (int) inputs, (int) outputs, valuesA, valuesB);
    }

    private @Nullable ClassifierHead head() {
        if (!metadata.has(LABELS)) {
            return null;
        }
        List<String> labels = metadata.list(LABELS);
        SafetensorsTensor weight = file.findTensor(HEAD_WEIGHT)
                .filter(tensor -> tensor.shape().size() == 2)
                .orElseThrow(() -> new MalformedFileException(SOURCE, "has labels but no matrix " + HEAD_WEIGHT));
        long inputs = weight.shape().get(1);
        return new ClassifierHead(
                labels,
                Math.toIntExact(inputs),
                file.floats(HEAD_WEIGHT, labels.size(), inputs),
                file.floats(HEAD_BIAS, labels.size()));
    }

    private static String target(String tensor) {
        Matcher name = TENSOR.matcher(tensor);
        require(name.matches(), "tensor " + tensor + " is not a block's linear layer such as blk.0.attn_q.weight");
        return name.group(1);
    }

    private static void require(boolean holds, String problem) {
        if (!holds) {
            throw new MalformedFileException(SOURCE, problem);
        }
    }
}
