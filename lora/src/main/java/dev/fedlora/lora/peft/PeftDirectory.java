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
import dev.fedlora.lora.gguf.AttentionHeads;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.safetensors.SafetensorsFile;
import dev.fedlora.lora.safetensors.SafetensorsTensor;
import dev.fedlora.lora.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * An adapter as a PEFT directory: adapter_config.json and adapter_model.safetensors. A classifier stands under
 * modules_to_save as {@code classifier}. Base hash, architecture, labels and head counts stand under {@code fedlora} in
 * the configuration, which PEFT ignores, and in the safetensors metadata. Nothing is lost between writing and reading:
 * ranks and alphas that differ by layer and rank-stabilized scaling have fields of their own.
 *
 * <p>Of architecture {@code llama} the rows of B of queries and keys stand in another order than in GGUF files, which
 * depends on the numbers of heads: they come from the base model, or from a directory that was written here. Adapters of
 * other layers and of other architectures need neither.
 *
 * <p>Not covered: DoRA, biases, adapters of embeddings and of the output matrix, pickled adapter_model.bin; each is
 * refused by name.
 */
public final class PeftDirectory {
    static final String CLASSIFIER = "classifier";
    private static final String CONFIG = "adapter_config.json";
    /** Name of the file that holds the factors. */
    public static final String MODEL = "adapter_model.safetensors";

    private static final String PICKLED = "adapter_model.bin";
    private static final String PREFIX = "base_model.model.";
    private static final String MAGNITUDE = ".lora_magnitude_vector";
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
     * Writes an adapter whose rows stand in no other order in PEFT: of any architecture but {@code llama}, or of layers
     * other than queries and keys.
     *
     * @throws IllegalArgumentException when head counts are needed, or the architecture has no PEFT names; nothing is
     *     written then
     * @throws IOException when it cannot be written
     */
    public static void write(LoraAdapter adapter, Path directory) throws IOException {
        write(adapter, null, directory);
    }

    /**
     * Writes {@code adapter} into {@code directory}, which is made when it is absent. Each of the two files is replaced in
     * one step; others in the directory stay.
     *
     * @param heads of the base model, or null where the order of rows does not depend on them
     * @throws IllegalArgumentException when head counts are needed, or the architecture has no PEFT names; nothing is
     *     written then
     * @throws IOException when it cannot be written
     */
    public static void write(LoraAdapter adapter, @Nullable AttentionHeads heads, Path directory) throws IOException {
        ModuleNames names = ModuleNames.of(adapter.architecture());
        RowOrder order = new RowOrder("the adapter", adapter.architecture(), heads);
        byte[] config = JSON.writeValueAsBytes(new ConfigWriter(adapter, names).write(heads));
        SafetensorsWriter model = new SafetensorsWriter()
                .metadata("format", "pt") // PEFT refuses a file without it
                .metadata("fedlora.architecture", adapter.architecture())
                .metadata("fedlora.base_sha256", adapter.baseSha256());
        for (LoraFactors f : adapter.factors()) {
            String key = PREFIX + names.module(f.tensor());
            model.tensor(key + A, f.a(), f.rank(), f.inputs());
            model.tensor(key + B, order.ofPeft(f), f.outputs(), f.rank());
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
        OwnConfig own = peft.config.own();
        if (own.architecture() == null || own.baseSha256() == null) {
            throw new MalformedFileException(
                    directory, "does not say which base model it is for; name the base model's file");
        }
        peft.requireSame(own.architecture(), own.baseSha256());
        return peft.adapter(own.architecture(), own.baseSha256(), own.heads());
    }

    /**
     * Reads an adapter for {@code base}; a directory that does not name its base, as other programs write it, is taken to
     * be for this one. Shapes are not compared: {@link dev.fedlora.lora.gguf.GgufAdapters#requireFits}.
     *
     * @throws MalformedFileException when it is not a LoRA adapter that can be read, or one for another base
     * @throws IOException when it cannot be read
     */
    public static LoraAdapter read(Path directory, GgufFile base) throws IOException {
        PeftDirectory peft = open(directory);
        String architecture = base.string("general.architecture");
        peft.requireSame(architecture, base.sha256());
        AttentionHeads heads = AttentionHeads.of(base);
        AttentionHeads own = peft.config.own().heads();
        if (own != null && !own.equals(heads)) {
            throw peft.malformed("was written for %s, the base model %s has %s".formatted(own, base.path(), heads));
        }
        return peft.adapter(architecture, base.sha256(), heads);
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
        peft.requireSame(architecture, baseSha256);
        return peft.adapter(architecture, baseSha256, peft.config.own().heads());
    }

    /**
     * Refuses a directory that lacks a file, whose settings cannot be read, or whose weights are no safetensors file; looks
     * at no tensor.
     *
     * @throws MalformedFileException saying what is wrong
     * @throws IOException when it cannot be read
     */
    public static void requireReadable(Path directory) throws IOException {
        open(directory);
    }

    private static PeftDirectory open(Path directory) throws IOException {
        Path config = directory.resolve(CONFIG);
        if (!Files.isRegularFile(config)) {
            throw new MalformedFileException(directory, "is not a PEFT directory: it has no " + CONFIG);
        }
        if (!Files.isRegularFile(directory.resolve(MODEL))) {
            throw new MalformedFileException(
                    directory,
                    Files.exists(directory.resolve(PICKLED))
                            ? "has %s alone, a pickle, which can run code and is never read; save the adapter again as %s"
                                    .formatted(PICKLED, MODEL)
                            : "has no " + MODEL);
        }
        if (Files.size(config) > MAX_CONFIG_BYTES) {
            throw new MalformedFileException(config, "is larger than %d bytes".formatted(MAX_CONFIG_BYTES));
        }
        AdapterConfig parsed;
        byte[] bytes = Files.readAllBytes(config);
        try {
            JsonNode json = JSON.readTree(bytes);
            parsed = AdapterConfig.read(config.toString(), json);
        } catch (JsonProcessingException notJson) {
            throw new MalformedFileException(
                    config.toString(), "is not valid JSON: " + notJson.getOriginalMessage(), notJson);
        } catch (IOException notText) { // of the letters: the bytes are all here
            throw new MalformedFileException(config.toString(), "is not valid UTF-8", notText);
        }
        return new PeftDirectory(directory, parsed, SafetensorsFile.open(directory.resolve(MODEL)));
    }

    private LoraAdapter adapter(String architecture, String baseSha256, @Nullable AttentionHeads heads) {
        try {
            ModuleNames names = ModuleNames.of(architecture);
            RowOrder order = new RowOrder(directory.toString(), architecture, heads);
            Map<String, Float> alphas = new TreeMap<>();
            List<LoraFactors> factors = new ArrayList<>();
            for (String module : modules()) {
                LoraFactors read = factors(names, module);
                factors.add(order.ofGguf(read));
                if (alphas.put(read.tensor(), config.alphas().find(module).orElse(config.alpha())) != null) {
                    throw malformed("adapts %s twice, the second time as %s".formatted(read.tensor(), module));
                }
            }
            AdapterSpec spec = spec(factors, alphas);
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

    /** Returns the spec with the keys that were written here, as long as they say what PEFT's fields say. */
    private AdapterSpec spec(List<LoraFactors> factors, Map<String, Float> alphas) {
        AdapterSpec found = AdapterSpec.describing(factors, config.rank(), config.alpha(), config.scaling(), alphas);
        try {
            AdapterSpec own = new AdapterSpec(
                    found.rank(),
                    found.alpha(),
                    found.targets(),
                    found.scaling(),
                    config.own().rankPattern(),
                    config.own().alphaPattern());
            boolean same =
                    factors.stream().allMatch(f -> own.rank(f.tensor()) == f.rank() && own.scale(f) == found.scale(f));
            return same ? own : found;
        } catch (IllegalArgumentException others) { // who changed one and not the other
            return found;
        }
    }

    private List<String> modules() {
        List<String> modules = new ArrayList<>();
        for (SafetensorsTensor tensor : model.tensors()) {
            String name = tensor.name();
            if (name.startsWith(PREFIX) && name.endsWith(A)) {
                modules.add(name.substring(PREFIX.length(), name.length() - A.length()));
            } else if (name.endsWith(MAGNITUDE)) {
                throw malformed("has %s: DoRA adapters cannot be read, only LoRA's".formatted(name));
            } else if (name.startsWith(PREFIX) && name.endsWith(B)) {
                String half = name.substring(0, name.length() - B.length()) + A;
                if (model.findTensor(half).isEmpty()) {
                    throw malformed("has %s but no tensor %s".formatted(name, half));
                }
            } else if (!name.equals(HEAD_WEIGHT) && !name.equals(HEAD_BIAS)) {
                throw malformed("has a tensor that cannot be read: " + name);
            }
        }
        return modules;
    }

    private LoraFactors factors(ModuleNames names, String module) {
        String tensor = names.tensor(module).orElseThrow(() -> malformed("adapts an unknown module: " + module));
        long inputs = dimension(PREFIX + module + A, 1);
        long outputs = dimension(PREFIX + module + B, 0);
        int rank = config.ranks().find(module).orElse(config.rank());
        float[] a = model.floats(PREFIX + module + A, rank, inputs);
        float[] b = model.floats(PREFIX + module + B, outputs, rank);
        return new LoraFactors(tensor, rank, (int) inputs, (int) outputs, a, b);
    }

    private @Nullable ClassifierHead head() {
        if (model.findTensor(HEAD_WEIGHT).isEmpty()
                && model.findTensor(HEAD_BIAS).isEmpty()) {
            if (config.own().labels() != null) {
                throw malformed("has labels but no tensor " + HEAD_WEIGHT);
            }
            return null;
        }
        List<String> labels = config.own().labels();
        if (labels == null) {
            throw malformed("has a classifier, but %s.labels in %s is missing".formatted(OwnConfig.FIELD, CONFIG));
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

    private void requireSame(String architecture, String baseSha256) {
        requireSame("architecture", config.own().architecture(), architecture);
        requireSame("base model's SHA-256", config.own().baseSha256(), baseSha256);
        requireSame("architecture", model.metadata().get("fedlora.architecture"), architecture);
        requireSame("base model's SHA-256", model.metadata().get("fedlora.base_sha256"), baseSha256);
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
