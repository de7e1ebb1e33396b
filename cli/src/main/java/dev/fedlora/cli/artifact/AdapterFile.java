package dev.fedlora.cli.artifact;

import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.file.WholeFile;
import dev.fedlora.lora.gguf.AttentionHeads;
import dev.fedlora.lora.gguf.GgufAdapters;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.peft.PeftDirectory;
import dev.fedlora.lora.safetensors.AdapterBytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reads and writes adapters in any {@link AdapterForm}. */
public final class AdapterFile {
    private AdapterFile() {}

    /**
     * Reads an adapter.
     *
     * @param base that it must fit, or null for the one that it names itself
     * @throws IllegalArgumentException when it is not a whole adapter, is for another base, or names none and none is given
     * @throws IOException when it cannot be read
     */
    public static LoraAdapter read(Path path, @Nullable GgufFile base) throws IOException {
        LoraAdapter adapter = switch (AdapterForm.of(path)) {
            case PEFT -> base == null ? PeftDirectory.read(path) : PeftDirectory.read(path, base);
            case GGUF -> GgufAdapters.read(path, required(path, base));
            case STORED -> stored(path);
        };
        if (base != null) {
            requireFits(path, adapter, base);
        }
        return adapter;
    }

    /**
     * Writes an adapter in the given form.
     *
     * @param base that it is for; null where no PEFT directory of a llama's queries or keys is written
     * @throws IllegalArgumentException when the form needs a base, or has no names for what is adapted
     * @throws IOException when it cannot be written
     */
    public static void write(LoraAdapter adapter, @Nullable GgufFile base, AdapterForm form, Path path)
            throws IOException {
        switch (form) {
            case PEFT -> PeftDirectory.write(adapter, base == null ? null : AttentionHeads.of(base), path);
            case GGUF -> GgufAdapters.write(adapter, path);
            case STORED -> WholeFile.write(path, AdapterBytes.encode(adapter));
        }
    }

    private static LoraAdapter stored(Path path) throws IOException {
        try {
            return AdapterBytes.decode(Files.readAllBytes(path));
        } catch (MalformedFileException broken) {
            throw new MalformedFileException(path.toString(), String.valueOf(broken.getMessage()), broken);
        }
    }

    private static void requireFits(Path path, LoraAdapter adapter, GgufFile base) {
        try {
            GgufAdapters.requireFits(adapter, base);
        } catch (IllegalArgumentException other) {
            throw new MalformedFileException(path.toString(), String.valueOf(other.getMessage()), other);
        }
    }

    private static GgufFile required(Path path, @Nullable GgufFile base) {
        if (base == null) {
            throw new MalformedFileException(path, "a GGUF adapter can only be read together with its base model");
        }
        return base;
    }
}
