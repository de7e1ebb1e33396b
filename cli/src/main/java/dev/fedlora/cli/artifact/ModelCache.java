package dev.fedlora.cli.artifact;

import dev.fedlora.lora.file.WholeFile;
import dev.fedlora.lora.onnx.OnnxBertConverter;
import dev.fedlora.lora.quant.QuantizationType;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A folder of converted built-in models. A file's name ends in its own SHA-256, which is checked before it is used: a
 * damaged one is converted again. Several processes may use one folder.
 *
 * @param folder made when it is needed
 */
public record ModelCache(Path folder) {
    private static final String FORMAT = "1"; // count up when the converter's output changes

    /**
     * Returns the user's cache: the folder {@code models} in {@code FEDLORA_CACHE}, else in {@code fedlora} in {@code
     * XDG_CACHE_HOME}, else in {@code .cache/fedlora} of the home folder.
     *
     * @param environment of the process
     * @param home folder of the user
     */
    public static ModelCache of(Map<String, String> environment, Path home) {
        String own = environment.getOrDefault("FEDLORA_CACHE", "");
        if (!own.isEmpty()) {
            return new ModelCache(Path.of(own, "models"));
        }
        String shared = environment.getOrDefault("XDG_CACHE_HOME", "");
        Path caches = shared.isEmpty() ? home.resolve(".cache") : Path.of(shared);
        return new ModelCache(caches.resolve("fedlora").resolve("models"));
    }

    /**
     * Returns {@code model} as GGUF, converting it when it is not here yet.
     *
     * @throws IOException when the folder cannot be written
     */
    public Path gguf(BuiltInModel model, QuantizationType type) throws IOException {
        String stem = "%s-%s.v%s".formatted(model.modelName(), type, FORMAT);
        Optional<Path> kept = find(stem);
        if (kept.isPresent()) {
            return kept.get();
        }
        Files.createDirectories(folder);
        Path fresh = Files.createTempFile(folder, stem + ".", ".tmp");
        try {
            OnnxBertConverter.convert(model.open(), type, fresh);
            Path target = folder.resolve(stem + "." + WholeFile.sha256(fresh) + ".gguf");
            return Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    private Optional<Path> find(String stem) throws IOException {
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        Pattern name = Pattern.compile(Pattern.quote(stem) + "\\.([0-9a-f]{64})\\.gguf");
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, stem + ".*.gguf")) {
            for (Path file : files) {
                Matcher matcher = name.matcher(file.getFileName().toString());
                if (matcher.matches() && WholeFile.sha256(file).equals(matcher.group(1))) {
                    return Optional.of(file);
                }
            }
        }
        return Optional.empty();
    }
}
