package dev.fedlora.cli.artifact;

import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.model.BaseModel;
import dev.fedlora.lora.model.BertModel;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.tokenizer.Tokenizer;
import dev.fedlora.lora.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

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
        return new OpenedBase(gguf, BertModel.of(gguf), Tokenizers.of(gguf));
    }

    /**
     * Opens what a user named: a built-in model from the user's cache, or else a GGUF file.
     *
     * @throws IOException when the file cannot be read, or the cache cannot be written
     */
    public static OpenedBase open(String name) throws IOException {
        Optional<BuiltInModel> builtIn = BuiltInModel.find(name);
        if (builtIn.isEmpty()) {
            return open(Path.of(name));
        }
        ModelCache cache = ModelCache.of(System.getenv(), Path.of(System.getProperty("user.home")));
        return open(cache.gguf(builtIn.get(), BUILT_IN_TYPE));
    }
}
