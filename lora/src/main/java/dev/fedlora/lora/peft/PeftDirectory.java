package dev.fedlora.lora.peft;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.file.WholeFile;
import dev.fedlora.lora.safetensors.SafetensorsFile;
import dev.fedlora.lora.safetensors.SafetensorsTensor;
import dev.fedlora.lora.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An adapter as a PEFT directory: adapter_config.json and adapter_model.safetensors. A classifier stands under
 * modules_to_save as {@code classifier}. Base hash, architecture and labels stand under {@code fedlora} in the
 * configuration, which PEFT ignores, and in the safetensors metadata. Nothing is lost between writing and reading.
 *
 * <p>Not covered: DoRA, biases, ranks that differ by layer, pickled adapter_model.bin; each is refused by name.
 */
public final class PeftDirectory {
    static final String CLASSIFIER = "classifier";
    private static final String CONFIG = "adapter_config.json";
    private static final String MODEL = "adapter_model.safetensors";
    private static final String PREFIX = "base_model.model.";
    private static final String A = ".lora_A.weight";
    private static final String B = ".lora_B.weight";
    private static final String HEAD_WEIGHT = PREFIX + CLASSIFIER + ".weight";
    private static final String HEAD_BIAS = PREFIX + CLASSIFIER + ".bias";
    private static final int MAX_CONFIG_BYTES = 1 << 24; // target_modules of a large model, written out, take 1 MiB
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private final Path directory;
    private final AdapterConfig config;
    private final SafetensorsFile model;

    private PeftDirectory(Path directory, AdapterConfig config, SafetensorsFile model) {
        this.directory = directory;
        this.config = config;
        this.model = model;
    }

    /**
     * Writes {@code adapter} into {@code directory}, which is made when it is absent. Each of the two files is replaced in
     * one step; others in the directory stay.
     *
     * @throws IllegalArgumentException when the architecture has no PEFT names; nothing is written then
     * @throws IOException when it cannot be written
     */
    public static void write(LoraAdapter adapter, Path directory) throws IOException {
        ModuleNames names = ModuleNames.of(adapter.architecture());
        byte[] config = JSON.writeValueAsBytes(AdapterConfig.write(adapter, names));
        SafetensorsWriter model = new SafetensorsWriter()
                .metadata("format", "pt") // PEFT refuses a file without it
                .metadata("fedlora.architecture", adapter.architecture())
                .metadata("fedlora.base_sha256", adapter.baseSha256());
        for (LoraFactors f : adapter.factors()) {
            String key = PREFIX + names.module(f.tensor());
            model.tensor(key + A, f.a(), f.rank(), f.inputs());
            model.tensor(key + B, f.b(), f.outputs(), f.rank());
        }
        ClassifierHead head = adapter.head();
        if (head != null) {
            model.metadata("fedlora.labels", json(head.labels()));
            model.tensor(HEAD_WEIGHT, head.weight(), head.labels().size(), head.inputs());
            model.tensor(HEAD_BIAS, head.bias(), head.labels().size());
        }
        Files.createDirectories(directory);
        model.write(directory.resolve(MODEL));
        WholeFile.write(directory.resolve(CONFIG), config);
    }

    /**
     * Reads a directory that says itself which base it is for, as {@link #write} makes it.
     *
     * @throws MalformedFileException when it is not a LoRA adapter that can be read, or does not name its base
     * @throws IOException when it cannot be read
     */
    public static LoraAdapter read(Path directory) throws IOException {
        PeftDirectory peft = open(directory);
        if (peft.config.architecture() == null || peft.config.baseSha256() == null) {
            throw new MalformedFileException(
                    directory, "does not say which base model it is for; name the base model's file");
        }
        return peft.adapter(peft.config.architecture(), peft.config.baseSha256());
    }

    /**
     * Reads an adapter for a given base; a directory that does not name its base, as other programs write it, is taken to
     * be for this one.
     *
     * @param architecture of the base model, such as {@code bert}
     * @param baseSha256 hash of the base model's file, lower-case hex
     * @throws MalformedFileException when it is not a LoRA adapter that can be read, or one for another base
     * @throws IOException when it cannot be read
     */
    public static LoraAdapter read(Path directory, String architecture, String baseSha256) throws IOException {
        PeftDirectory peft = open(directory);
        peft.requireSame("architecture", peft.config.architecture(), architecture);
        peft.requireSame("base model's SHA-256", peft.config.baseSha256(), baseSha256);
        return peft.adapter(architecture, baseSha256);
    }

    private static PeftDirectory open(Path directory) throws IOException {
        Path config = directory.resolve(CONFIG);
        if (!Files.isRegularFile(config)) {
            throw new MalformedFileException(directory, "is not a PEFT directory: it has no " + CONFIG);
        }
        if (!Files.isRegularFile(directory.resolve(MODEL))) {
            throw new MalformedFileException(directory, "has no " + MODEL + " (pickled adapters are not read)");
        }
        if (Files.size(config) > MAX_CONFIG_BYTES) {
            throw new MalformedFileException(config, "is larger than %d bytes".formatted(MAX_CONFIG_BYTES));
        }
        AdapterConfig parsed;
        try {
            JsonNode json = JSON.readTree(Files.readAllBytes(config));
            parsed = AdapterConfig.read(config.toString(), json);
        } catch (JsonProcessingException notJson) {
            throw new MalformedFileException(
                    config.toString(), "is not valid JSON: " + notJson.getOriginalMessage(), notJson);
        }
        return new PeftDirectory(directory, parsed, SafetensorsFile.open(directory.resolve(MODEL)));
    }

    private LoraAdapter adapter(String architecture, String baseSha256) {
        requireSame("architecture", model.metadata().get("fedlora.architecture"), architecture);
        requireSame("base model's SHA-256", model.metadata().get("fedlora.base_sha256"), baseSha256);
        try {
            ModuleNames names = ModuleNames.of(architecture);
            List<LoraFactors> factors = factors(names);
            List<String> targets = factors.stream()
                    .map(f -> f.tensor().split("\\.", -1)[2]) // blk.N.TARGET.weight
                    .toList();
            AdapterSpec spec = new AdapterSpec(config.rank(), config.alpha(), targets);
            LoraAdapter adapter = new LoraAdapter(architecture, baseSha256, spec, factors, head());
            if (!adapter.isFinite()) {
                throw malformed("holds a value that is not a finite number");
            }
            return adapter;
        } catch (MalformedFileException known) {
            throw known;
        } catch (IllegalArgumentException refused) { // by the adapter's own parts
            throw new MalformedFileException(directory.toString(), String.valueOf(refused.getMessage()), refused);
        }
    }

    private List<LoraFactors> factors(ModuleNames names) {
        List<LoraFactors> factors = new ArrayList<>();
        for (SafetensorsTensor tensor : model.tensors()) {
            String name = tensor.name();
            if (name.startsWith(PREFIX) && name.endsWith(A)) {
                factors.add(factors(names, name.substring(PREFIX.length(), name.length() - A.length())));
            } else if (!name.endsWith(B) && !name.equals(HEAD_WEIGHT) && !name.equals(HEAD_BIAS)) {
                throw malformed("has a tensor that cannot be read: " + name);
            }
        }
        long halves = model.tensors().stream().filter(t -> t.name().endsWith(B)).count();
        if (halves != factors.size()) {
            throw malformed("has %d tensors %s but %d %s".formatted(factors.size(), A, halves, B));
        }
        return factors;
    }

    private LoraFactors factors(ModuleNames names, String module) {
        String tensor = names.tensor(module).orElseThrow(() -> malformed("adapts an unknown module: " + module));
        long inputs = dimension(PREFIX + module + A, 1);
        long outputs = dimension(PREFIX + module + B, 0);
        float[] a = model.floats(PREFIX + module + A, config.rank(), inputs);
        float[] b = model.floats(PREFIX + module + B, outputs, config.rank());
        return new LoraFactors(tensor, config.rank(), (int) inputs, (int) outputs, a, b);
    }

    private @Nullable ClassifierHead head() {
        if (model.findTensor(HEAD_WEIGHT).isEmpty()
                && model.findTensor(HEAD_BIAS).isEmpty()) {
            if (config.labels() != null) {
                throw malformed("has labels but no tensor " + HEAD_WEIGHT);
            }
            return null;
        }
        List<String> labels = config.labels();
        if (labels == null) {
            throw malformed("has a classifier, but %s.labels in %s is missing".formatted(AdapterConfig.OWN, CONFIG));
        }
        String written = model.metadata().get("fedlora.labels");
        if (written != null && !written.equals(json(labels))) {
            throw malformed("its %s has labels %s, its %s has %s".formatted(CONFIG, json(labels), MODEL, written));
        }
        long inputs = dimension(HEAD_WEIGHT, 1);
        float[] weight = model.floats(HEAD_WEIGHT, labels.size(), inputs);
        return new ClassifierHead(labels, (int) inputs, weight, model.floats(HEAD_BIAS, labels.size()));
    }

    /** Returns a dimension of a matrix; the bytes that the matrix takes bound it. */
    private long dimension(String name, int index) {
        SafetensorsTensor tensor = model.findTensor(name).orElseThrow(() -> malformed("has no tensor " + name));
        if (tensor.shape().size() != 2 || tensor.shape().contains(0L)) {
            throw malformed("tensor %s has shape %s, expected a matrix".formatted(name, tensor.shape()));
        }
        return tensor.shape().get(index);
    }

    private void requireSame(String what, @Nullable String got, String expected) {
        if (got != null && !got.equals(expected)) {
            throw malformed("is an adapter for another base: its %s is %s, expected %s".formatted(what, got, expected));
        }
    }

    private static String json(List<String> labels) {
        return JsonNodeFactory.instance
                .arrayNode()
                .addAll(labels.stream().map(TextNode::new).toList())
                .toString();
    }

    private MalformedFileException malformed(String problem) {
        return new MalformedFileException(directory, problem);
    }
}
