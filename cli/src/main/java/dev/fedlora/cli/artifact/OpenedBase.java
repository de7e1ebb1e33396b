package dev.fedlora.cli.artifact;

import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.model.BaseModel;
import dev.fedlora.lora.model.BaseModels;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.tokenizer.Tokenizer;
import dev.fedlora.lora.tokenizer.Tokenizers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;

/**
 * A base model that is ready to be trained over.
 *
 * @param file the GGUF file, memory-mapped
 * @param model the model in it
 * @param tokenizer the one it was trained with
 */
public record OpenedBase(GgufFile file, BaseModel model, Tokenizer tokenizer) {
    /** What a built-in model's weights are kept in: half a percent of an embedding's direction, a quarter of the size. */
    public static final QuantizationType BUILT_IN_TYPE = QuantizationType.Q8_0;

    /**
     * Opens a GGUF file.
     *
     * @throws IOException when it cannot be read
     */
    public static OpenedBase open(Path file) throws IOException {
        GgufFile gguf = GgufFile.open(file);
        return new OpenedBase(gguf, BaseModels.of(gguf), Tokenizers.of(gguf));
    }

    /**
     * Opens what a user named; see {@link #locate}.
     *
     * @throws IOException when the file cannot be read, or the cache cannot be written
     */
    public static OpenedBase open(String name) throws IOException {
        return open(locate(name));
    }

    /**
     * Returns the GGUF file that a user named: of a built-in model the one in the user's cache, converted at its first use;
     * else {@code name} is a path, relative to {@code folder}.
     *
     * @throws IOException when the cache cannot be written
     */
    public static Path locate(String name, Path folder) throws IOException {
        Optional<BuiltInModel> builtIn = BuiltInModel.find(name);
        if (builtIn.isEmpty()) {
            return folder.resolve(name);
        }
        ModelCache cache = ModelCache.of(System.getenv(), Path.of(System.getProperty("user.home")));
        return cache.gguf(builtIn.get(), BUILT_IN_TYPE);
    }

    /** Returns the GGUF file that a user named, a path being relative to the working directory. */
    public static Path locate(String name) throws IOException {
        return locate(name, Path.of(""));
    }

    /** Returns {@link #locate(String, Path)} for what lies beside {@code file}; its IOException comes unchecked. */
    public static Function<String, Path> beside(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        return name -> {
            try {
                return locate(name, folder == null ? Path.of("") : folder);
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        };
    }
}
