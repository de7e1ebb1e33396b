package dev.fedlora.lora.tokenizer;

import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Texts and ids of llama.cpp's own tokenizer tests, {@code models/ggml-vocab-*.gguf} with {@code .inp} and {@code .out}.
 * Those of a checkout of llama.cpp are tested too where the system property {@code fedlora.tokenizerVectors} names its
 * folder.
 */
record LlamaCppVectors(Path vocabulary, List<String> texts, List<int[]> ids) {
    private static final String SEPARATOR = "\n__ggml_vocab_test__\n";

    /** Returns all sets whose vocabulary is there. */
    static Stream<LlamaCppVectors> all() throws IOException {
        List<Path> folders = new ArrayList<>(List.of(Shared.path("tokenizer-vectors")));
        String more = System.getProperty("fedlora.tokenizerVectors");
        if (more != null) {
            folders.add(Path.of(more));
        }
        List<LlamaCppVectors> found = new ArrayList<>();
        for (Path folder : folders) {
            try (Stream<Path> files = Files.list(folder)) {
                files.filter(file -> file.toString().endsWith(".gguf"))
                        .filter(file -> Files.exists(Path.of(file + ".out")))
                        .sorted()
                        .forEach(file -> found.add(of(file)));
            }
        }
        return found.stream();
    }

    /** Returns the set of {@code vocabulary}, which need not exist itself. */
    static LlamaCppVectors of(Path vocabulary) {
        try {
            String[] texts = Files.readString(Path.of(vocabulary + ".inp")).split(SEPARATOR, -1);
            List<String> lines = Files.readAllLines(Path.of(vocabulary + ".out"));
            // the file of texts ends with a separator or with a line feed that is none of the last text
            int count = Math.min(texts.length, lines.size());
            return new LlamaCppVectors(
                    vocabulary,
                    List.of(texts).subList(0, count),
                    lines.subList(0, count).stream().map(LlamaCppVectors::ids).toList());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static int[] ids(String line) {
        return Arrays.stream(line.strip().split(" "))
                .filter(id -> !id.isEmpty())
                .mapToInt(Integer::parseInt)
                .toArray();
    }

    @Override
    public String toString() {
        return vocabulary.getFileName().toString();
    }
}
