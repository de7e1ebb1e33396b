package dev.fedlora.cli.artifact;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.gguf.GgufFile;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A trained adapter in the forms that other software loads.
 *
 * @param peft directory for Transformers and vLLM, the head with it
 * @param gguf file for llama.cpp, without the head
 */
public record AdapterExport(Path peft, Path gguf) {
    /**
     * Refuses a folder that could not be written, before hours are spent on what is to go there. Changes nothing.
     *
     * @throws IOException when it is no folder, or it or the folder to make it in cannot be written
     */
    public static void requireWritable(Path folder) throws IOException {
        Path nearest = folder.toAbsolutePath();
        while (nearest.getParent() != null && Files.notExists(nearest)) {
            nearest = nearest.getParent();
        }
        if (!Files.isDirectory(nearest)) {
            throw new NotDirectoryException(nearest.toString());
        }
        if (!Files.isWritable(nearest)) {
            throw new AccessDeniedException(nearest.toString());
        }
    }

    /**
     * Writes {@code adapter} into {@code folder}, which is made when it is absent: {@code peft/} and {@code adapter.gguf}.
     *
     * @param base that it is for; null where the adapter is of no llama's queries or keys
     * @throws IOException when it cannot be written
     */
    public static AdapterExport write(LoraAdapter adapter, @Nullable GgufFile base, Path folder) throws IOException {
        Files.createDirectories(folder);
        AdapterExport export = new AdapterExport(folder.resolve("peft"), folder.resolve("adapter.gguf"));
        AdapterFile.write(adapter, base, AdapterForm.PEFT, export.peft);
        AdapterFile.write(adapter, base, AdapterForm.GGUF, export.gguf);
        return export;
    }

    /** Puts both paths into {@code json}. */
    public void addTo(ObjectNode json) {
        json.put("peft", peft.toString());
        json.put("gguf", gguf.toString());
    }
}
