package dev.fedlora.lora.huggingface;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.FileTypes;
import dev.fedlora.lora.gguf.GgufWriter;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.Quantizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Converts a Hugging Face model directory of a Llama, Mistral, Qwen 2, Qwen 3 or BitNet decoder into a GGUF file, with the
 * tensor names, the order of rotary rows, the metadata and the vocabulary that llama.cpp expects.
 *
 * <p>Matrices take the asked-for type; norms, biases and rope factors stay F32. A matrix whose rows are no whole blocks of
 * the type is stored as Q8_0, or as F16 where they are no blocks of 32 either. The same directory and type give the same
 * bytes, so that everyone who converts has the same base model.
 *
 * <p>Cost: memory for a few MiB of weights, whatever the size of the model, beside the memory-mapped files.
 *
 * <p>Mistral's sliding window is written as metadata; models read from the file have no longer a context than it.
 *
 * <p>Not covered: mixtures of experts, sliding windows of some layers alone, YaRN, quantized or pickled weights,
 * SentencePiece vocabularies that come as tokenizer.json alone; each is refused by name.
 */
public final class HuggingFaceConverter {
    private static final String CONFIG = "config.json";
    private static final int QUANTIZATION_VERSION = 2; // ggml's present block layouts

    private final Path directory;
    private final QuantizationType type;
    private final GgufWriter out = new GgufWriter();

    private HuggingFaceConverter(Path directory, QuantizationType type) {
        this.directory = directory;
        this.type = type;
    }

    /** Says whether {@code path} is a model directory, by its config.json. */
    public static boolean isModel(Path path) {
        return Files.isRegularFile(path.resolve(CONFIG));
    }

    /**
     * Writes the model in {@code directory} as {@code target}, replacing what stood there.
     *
     * @param type of the matrices
     * @throws MalformedFileException when the directory is not a whole model, or one that cannot be converted;
     *     {@code target} is unchanged then
     * @throws IllegalArgumentException when {@code type} cannot be written
     * @throws IOException when the directory cannot be read or {@code target} cannot be written
     */
    public static void convert(Path directory, QuantizationType type, Path target) throws IOException {
        if (!Quantizer.writes(type)) {
            throw new IllegalArgumentException(
                    "type %s cannot be written, this version writes %s".formatted(type, Quantizer.writable()));
        }
        if (!isModel(directory)) {
            throw new MalformedFileException(directory, "is not a model directory: it has no " + CONFIG);
        }
        HuggingFaceConverter converter = new HuggingFaceConverter(directory, type);
        converter.addAll();
        converter.out.write(target);
    }

    private void addAll() throws IOException {
        JsonFile json = JsonFile.read(directory.resolve(CONFIG));
        DecoderConfig config = DecoderConfig.read(json);
        WeightFiles weights = WeightFiles.open(directory);
        List<SourceTensor> tensors = DecoderTensors.find(config, weights);
        out.text("general.architecture", config.family().architecture())
                .text("general.type", "model")
                .text("general.name", name())
                .u32("general.file_type", FileTypes.of(type))
                .u32("general.quantization_version", QUANTIZATION_VERSION);
        config.writeTo(out);
        DirectoryVocabulary.read(directory, json, config.vocabulary()).writeTo(out);
        if (config.ropeScaling() instanceof RopeScaling.Llama3 scaling) {
            float[] factors = scaling.factors(config.ropeBase(), config.headWidth());
            out.tensor("rope_freqs.weight", List.of((long) factors.length), factors);
        }
        for (SourceTensor tensor : tensors) {
            add(weights, tensor);
        }
    }

    private void add(WeightFiles weights, SourceTensor tensor) {
        QuantizationType as = tensor.isVector() ? QuantizationType.F32 : storable(type, tensor.columns());
        List<Long> dimensions = tensor.isVector()
                ? List.of((long) tensor.columns())
                : List.of((long) tensor.columns(), (long) tensor.rows());
        out.parts(tensor.target(), as, dimensions, new RowStream(weights, tensor, as));
    }

    private static QuantizationType storable(QuantizationType type, int columns) {
        if (columns % type.blockSize() == 0) {
            return type;
        }
        return columns % QuantizationType.Q8_0.blockSize() == 0 ? QuantizationType.Q8_0 : QuantizationType.F16;
    }

    private String name() {
        return String.valueOf(directory.toAbsolutePath().normalize().getFileName());
    }
}
