package dev.fedlora.cli.artifact;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** The forms in which adapters lie on disks. */
public enum AdapterForm {
    /** A directory of adapter_config.json and adapter_model.safetensors, as Hugging Face PEFT has it; with the head. */
    PEFT,
    /** A GGUF file, as llama.cpp has it; without a head. */
    GGUF,
    /** The canonical bytes that a coordinator stores and whose hash is the adapter's version; with the head. */
    STORED;

    private static final byte[] MAGIC = "GGUF".getBytes(StandardCharsets.US_ASCII);

    /**
     * Returns the form of what lies at {@code path}, by its nature and first bytes.
     *
     * @throws IOException when it cannot be read
     */
    public static AdapterForm of(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return PEFT;
        }
        try (InputStream in = Files.newInputStream(path)) {
            return Arrays.equals(in.readNBytes(MAGIC.length), MAGIC) ? GGUF : STORED;
        }
    }
}
