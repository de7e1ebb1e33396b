package dev.fedlora.lora.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.safetensors.SafetensorsFile;
import dev.fedlora.lora.safetensors.SafetensorsTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** The tensors of a model directory, in model.safetensors or in the shards that an index names; memory-mapped. */
final class WeightFiles {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";
    private static final Pattern SHARD = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*\\.safetensors"); // no folder in it

    private final Path directory;
    private final Map<String, SafetensorsFile> byTensor = new LinkedHashMap<>();

    private WeightFiles(Path directory) {
        this.directory = directory;
    }

    /**
     * Opens the weights in {@code directory}.
     *
     * @throws MalformedFileException when there are none, or a shard is missing or does not hold what the index says
     * @throws IOException when they cannot be read
     */
    static WeightFiles open(Path directory) throws IOException {
        WeightFiles weights = new WeightFiles(directory);
        if (Files.isRegularFile(directory.resolve(INDEX))) {
            weights.openShards(JsonFile.read(directory.resolve(INDEX)));
        } else if (Files.isRegularFile(directory.resolve(SINGLE))) {
            SafetensorsFile file = SafetensorsFile.open(directory.resolve(SINGLE));
            file.tensors().forEach(tensor -> weights.byTensor.put(tensor.name(), file));
        } else {
            throw new MalformedFileException(
                    directory,
                    "has neither %s nor %s; pickled weights (.bin, .pt) can run code and are never read"
                            .formatted(SINGLE, INDEX));
        }
        return weights;
    }

    private void openShards(JsonFile index) throws IOException {
        Map<String, String> shardOf = new TreeMap<>();
        for (Map.Entry<String, JsonNode> entry : index.object("weight_map").fields()) {
            String shard = entry.getValue().asText();
            if (!SHARD.matcher(shard).matches()) {
                throw index.malformed("tensor %s is said to be in %s, which is not the name of a .safetensors file here"
                        .formatted(entry.getKey(), JsonFile.brief(entry.getValue())));
            }
            shardOf.put(entry.getKey(), shard);
        }
        for (String shard : new TreeSet<>(shardOf.values())) {
            Path path = directory.resolve(shard);
            if (!Files.isRegularFile(path)) {
                throw index.malformed("names %s, which is not there".formatted(shard));
            }
            SafetensorsFile file = SafetensorsFile.open(path);
            for (SafetensorsTensor tensor : file.tensors()) {
                if (!shard.equals(shardOf.get(tensor.name()))) {
                    throw index.malformed("does not say that %s holds %s".formatted(shard, tensor.name()));
                }
                byTensor.put(tensor.name(), file);
            }
        }
        shardOf.forEach((tensor, shard) -> {
            if (!byTensor.containsKey(tensor)) {
                throw index.malformed("says that %s holds %s, which it does not".formatted(shard, tensor));
            }
        });
    }

    /** Returns the names of all tensors. */
    Set<String> names() {
        return byTensor.keySet();
    }

    /** Returns where a tensor lies, if there is one. */
    Optional<SafetensorsTensor> find(String name) {
        return Optional.ofNullable(byTensor.get(name)).flatMap(file -> file.findTensor(name));
    }

    /** Copies {@code count} values of a tensor that is there, from number {@code first} on, into {@code out}. */
    void read(String name, long first, float[] out, int count) {
        SafetensorsFile file = byTensor.get(name);
        if (file == null) {
            throw malformed("has no tensor " + name);
        }
        file.floats(name, first, out, count);
    }

    MalformedFileException malformed(String problem) {
        return new MalformedFileException(directory, problem);
    }
}
