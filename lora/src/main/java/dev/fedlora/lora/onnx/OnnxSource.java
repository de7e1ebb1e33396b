package dev.fedlora.lora.onnx;

import dev.fedlora.lora.file.MalformedFileException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * An ONNX encoder and its tokenizer: a file with {@code STEM-tokenizer.json} or {@code tokenizer.json} beside it, a jar
 * that holds such a pair, or a pair on the class path.
 *
 * @param name of the ONNX file, for errors and as the model's name
 * @param model its bytes, a file's memory-mapped
 * @param tokenizer the text of tokenizer.json
 */
public record OnnxSource(String name, ByteBuffer model, String tokenizer) {
    private static final String SUFFIX = ".onnx";
    private static final int MAX_MODEL_BYTES = 1 << 30; // of a packed one, which is unpacked into memory
    private static final int MAX_TOKENIZER_BYTES = 1 << 26; // vocabularies of 250,000 tokens take a quarter of it

    /**
     * Opens an {@code .onnx} file or a jar.
     *
     * @throws MalformedFileException when there is no single ONNX file or no tokenizer with it
     * @throws IOException when it cannot be read
     */
    public static OnnxSource open(Path file) throws IOException {
        return file.toString().endsWith(".jar") ? openJar(file) : openFile(file);
    }

    /**
     * Opens a pair on the class path of {@code loader}.
     *
     * @param resource such as {@code all-minilm-l6-v2.onnx}
     * @throws FileNotFoundException when it is not there
     */
    public static OnnxSource onClassPath(ClassLoader loader, String resource) throws IOException {
        for (String tokenizer : tokenizerNames(resource)) {
            try (InputStream model = loader.getResourceAsStream(resource);
                    InputStream text = loader.getResourceAsStream(tokenizer)) {
                if (model != null && text != null) {
                    return of(
                            resource,
                            read(resource, model, MAX_MODEL_BYTES),
                            read(tokenizer, text, MAX_TOKENIZER_BYTES));
                }
            }
        }
        throw new FileNotFoundException(
                "the class path has no %s with one of %s".formatted(resource, tokenizerNames(resource)));
    }

    /** Returns the name without folder and ending. */
    public String stem() {
        return stem(name);
    }

    private static OnnxSource openFile(Path file) throws IOException {
        for (String candidate : tokenizerNames(file.toString())) {
            Path tokenizer = file.resolveSibling(Path.of(candidate).getFileName());
            if (Files.isRegularFile(tokenizer)) {
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
                        InputStream text = Files.newInputStream(tokenizer)) {
                    if (channel.size() > Integer.MAX_VALUE) {
                        throw new MalformedFileException(file, "is larger than 2 GiB, which no ONNX file can be");
                    }
                    ByteBuffer model = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
                    return of(file.toString(), model, read(candidate, text, MAX_TOKENIZER_BYTES));
                }
            }
        }
        if (!Files.exists(file)) {
            throw new FileNotFoundException(file + " does not exist");
        }
        throw new MalformedFileException(file, "has none of %s beside it".formatted(tokenizerNames(file.toString())));
    }

    private static OnnxSource openJar(Path jar) throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            List<? extends ZipEntry> models = zip.stream()
                    .filter(entry -> entry.getName().endsWith(SUFFIX))
                    .toList();
            if (models.size() != 1) {
                throw new MalformedFileException(jar, "holds %d .onnx files, expected one".formatted(models.size()));
            }
            String name = models.get(0).getName();
            for (String candidate : tokenizerNames(name)) {
                ZipEntry tokenizer = zip.getEntry(candidate);
                if (tokenizer != null) {
                    try (InputStream model = zip.getInputStream(models.get(0));
                            InputStream text = zip.getInputStream(tokenizer)) {
                        return of(name, read(name, model, MAX_MODEL_BYTES), read(candidate, text, MAX_TOKENIZER_BYTES));
                    }
                }
            }
            throw new MalformedFileException(jar, "holds none of " + tokenizerNames(name));
        }
    }

    private static OnnxSource of(String name, ByteBuffer model, ByteBuffer tokenizer) {
        try {
            return new OnnxSource(
                    name,
                    model,
                    StandardCharsets.UTF_8.newDecoder().decode(tokenizer).toString());
        } catch (CharacterCodingException notText) {
            throw new MalformedFileException(name, "its tokenizer is not valid UTF-8", notText);
        }
    }

    private static ByteBuffer read(String name, InputStream in, int limit) throws IOException {
        byte[] bytes = in.readNBytes(limit);
        if (in.read() >= 0) {
            throw new MalformedFileException(name, "is larger than %d bytes".formatted(limit));
        }
        return ByteBuffer.wrap(bytes);
    }

    private static List<String> tokenizerNames(String model) {
        int folder = model.replace('\\', '/').lastIndexOf('/') + 1;
        return List.of(
                model.substring(0, folder) + stem(model) + "-tokenizer.json",
                model.substring(0, folder) + "tokenizer.json");
    }

    private static String stem(String model) {
        String file = model.substring(model.replace('\\', '/').lastIndexOf('/') + 1);
        return file.endsWith(SUFFIX) ? file.substring(0, file.length() - SUFFIX.length()) : file;
    }
}
