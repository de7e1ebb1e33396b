package dev.fedlora.lora.verify;

import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraScaling;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufAdapters;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufTensor;
import dev.fedlora.lora.peft.PeftDirectory;
import dev.fedlora.lora.safetensors.AdapterBytes;
import dev.fedlora.lora.safetensors.SafetensorsFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Checks an adapter of any form against a base model and collects all that is wrong: halves that miss each other, ranks and
 * shapes that do not fit, names that the base does not have, values that are not finite, another base. An adapter without
 * problems is one that loads.
 *
 * <p>Cost: reads the whole adapter, and the base model once for its hash.
 */
public final class AdapterVerifier {
    private static final String ARCHITECTURE = "general.architecture";
    private static final byte[] GGUF = "GGUF".getBytes(StandardCharsets.US_ASCII);

    private final Path path;
    private final GgufFile base;
    private final List<String> problems = new ArrayList<>();

    private AdapterVerifier(Path path, GgufFile base) {
        this.path = path;
        this.base = base;
    }

    /**
     * What was found.
     *
     * @param problems each in a sentence that names the thing; empty for an adapter that loads
     * @param losses what each form cannot hold, by the form's name; only of an adapter without problems
     */
    public record Report(List<String> problems, Map<String, List<String>> losses) {
        public Report {
            problems = problems.stream().map(MalformedFileException::shown).toList(); // they name what files make up
            losses = Map.copyOf(losses);
        }

        /** Says whether the adapter loads. */
        public boolean isSound() {
            return problems.isEmpty();
        }
    }

    /**
     * Checks the adapter at {@code path}: a PEFT directory, a GGUF file or the bytes that a coordinator stores.
     *
     * @throws IOException when it cannot be read at all
     */
    public static Report verify(Path path, GgufFile base) throws IOException {
        AdapterVerifier verifier = new AdapterVerifier(path, base);
        try {
            verifier.checkHalves();
        } catch (IllegalArgumentException broken) {
            verifier.problems.add(String.valueOf(broken.getMessage()));
        }
        Map<String, List<String>> losses = Map.of();
        try {
            LoraAdapter adapter = verifier.load();
            losses = verifier.problems.isEmpty() ? losses(adapter) : losses;
        } catch (IllegalArgumentException refused) {
            if (verifier.problems.isEmpty()) { // else it is one of those, in other words
                verifier.problems.add(String.valueOf(refused.getMessage()));
            }
        }
        return new Report(verifier.problems.stream().distinct().toList(), losses);
    }

    private void checkHalves() throws IOException {
        Map<String, Half> first = new TreeMap<>();
        Map<String, Half> second = new TreeMap<>();
        for (Half half : halves()) {
            if ((half.isA() ? first : second).putIfAbsent(half.tensor(), half) != null) {
                problems.add("%s is adapted twice, the second time by %s".formatted(half.tensor(), half.name()));
            }
            checkValues(half);
        }
        first.forEach((tensor, a) -> checkPair(a, second.remove(tensor)));
        second.forEach((tensor, b) -> problems.add("%s has no A beside it".formatted(b.name())));
        if (first.isEmpty()) {
            problems.add("it adapts nothing");
        }
    }

    private List<Half> halves() throws IOException {
        Halves halves = new Halves(problems);
        if (Files.isDirectory(path)) {
            PeftDirectory.requireReadable(path);
            SafetensorsFile model = SafetensorsFile.open(path.resolve(PeftDirectory.MODEL));
            checkBase(
                    model.metadata().get("fedlora.architecture"),
                    model.metadata().get("fedlora.base_sha256"));
            return halves.ofPeft(model, base.string(ARCHITECTURE));
        }
        if (isGguf()) {
            GgufFile file = GgufFile.open(path);
            checkBase(
                    file.findString(ARCHITECTURE).orElse("missing"),
                    file.findString(GgufAdapters.BASE).orElse(null));
            return halves.ofGguf(file);
        }
        SafetensorsFile file = SafetensorsFile.open(path);
        checkBase(file.metadata().get("architecture"), file.metadata().get("base_sha256"));
        return halves.ofStored(file);
    }

    /** Compares what the adapter says of its base; others' adapters say nothing. */
    private void checkBase(@Nullable String architecture, @Nullable String sha256) {
        if (architecture != null && !architecture.equals(base.string(ARCHITECTURE))) {
            problems.add("it is for architecture %s, the base model is %s"
                    .formatted(architecture, base.string(ARCHITECTURE)));
        }
        if (sha256 != null && !sha256.equals(base.sha256())) {
            problems.add("it is for the base model %s, this one is %s".formatted(sha256, base.sha256()));
        }
    }

    private boolean isGguf() throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            return Arrays.equals(in.readNBytes(GGUF.length), GGUF);
        }
    }

    private void checkPair(Half a, @Nullable Half b) {
        if (b == null) {
            problems.add("%s has no B beside it".formatted(a.name()));
        } else if (a.rank() != b.rank()) {
            problems.add("%s has rank %d, %s has rank %d".formatted(a.name(), a.rank(), b.name(), b.rank()));
        }
        Optional<GgufTensor> adapted = base.findTensor(a.tensor());
        if (adapted.isEmpty()) {
            problems.add("%s is for %s, which the base model does not have".formatted(a.name(), a.tensor()));
            return;
        }
        checkSize(a, adapted.get().columns(), "inputs");
        if (b != null) {
            checkSize(b, adapted.get().rows(), "outputs");
        }
    }

    private void checkSize(Half half, long expected, String what) {
        if (half.size() != expected) {
            problems.add("%s has %d %s, %s of the base model has %d"
                    .formatted(half.name(), half.size(), what, half.tensor(), expected));
        }
    }

    private void checkValues(Half half) {
        try {
            float[] values = half.values().get();
            int wrong = 0;
            for (float value : values) {
                wrong += Float.isFinite(value) ? 0 : 1;
            }
            if (wrong > 0) {
                problems.add("%s has %d values of %d that are not finite".formatted(half.name(), wrong, values.length));
            }
        } catch (IllegalArgumentException refused) {
            problems.add(String.valueOf(refused.getMessage()));
        }
    }

    private LoraAdapter load() throws IOException {
        LoraAdapter adapter = Files.isDirectory(path)
                ? PeftDirectory.read(path, base)
                : isGguf() ? GgufAdapters.read(path, base) : AdapterBytes.decode(Files.readAllBytes(path));
        GgufAdapters.requireFits(adapter, base);
        return adapter;
    }

    private static Map<String, List<String>> losses(LoraAdapter adapter) {
        List<String> gguf = new ArrayList<>();
        List<String> merged = new ArrayList<>();
        if (adapter.head() != null) {
            gguf.add("the classifier head");
            merged.add("the classifier head");
        }
        if (adapter.spec().scaling() == LoraScaling.RANK_STABILIZED) {
            gguf.add("that the scale is rank-stabilized: alpha is written as alpha times the root of the rank");
        }
        long folded = adapter.factors().stream()
                .filter(f -> GgufAdapters.isFolded(adapter.spec(), f))
                .count();
        if (folded > 0) {
            gguf.add("the alphas of %d tensors, which are multiplied into B and rounded once".formatted(folded));
        }
        return Map.of("peft", List.of(), "gguf", gguf, "stored", List.of(), "merged", merged);
    }
}
