package dev.fedlora.lora.data;

import dev.fedlora.lora.file.MalformedFileException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * Classification examples, one JSON object a line: {@code {"text": ..., "label": ...}} and, where wanted,
 * {@code "client"}, {@code "group"} and {@code "id"}; other fields are ignored, and so are blank lines.
 *
 * <p>One bad line refuses the file: training on part of the data without saying so would be worse. Errors name file and
 * line, and never quote the text.
 */
public final class JsonlExamples {
    /** Longest line, in bytes: far above any text that a model of 512 tokens can take in. */
    public static final int MAX_LINE_BYTES = JsonlFile.MAX_LINE_BYTES;

    private static final int MAX_QUOTED = 40; // of a label in an error

    private JsonlExamples() {}

    /**
     * Returns all examples of {@code file}.
     *
     * @throws MalformedFileException when a line is not an example, or there is none
     * @throws IOException when it cannot be read
     */
    public static List<Example> read(Path file) throws IOException {
        return JsonlFile.read(file, JsonlExamples::parse);
    }

    /**
     * Returns all examples of {@code file}, each with one of {@code labels}.
     *
     * @throws MalformedFileException also when a label is not among them
     */
    public static List<Example> read(Path file, List<String> labels) throws IOException {
        List<String> allowed = List.copyOf(labels);
        return JsonlFile.read(file, line -> {
            Example example = parse(line);
            if (!allowed.contains(example.label())) {
                throw line.malformed(unknownLabel(example.label(), allowed));
            }
            return example;
        });
    }

    /**
     * Gives the examples of {@code file} to {@code action} one by one, in constant memory; those before a bad line have
     * been given when it is refused.
     */
    public static void forEach(Path file, Consumer<Example> action) throws IOException {
        JsonlFile.forEach(file, JsonlExamples::parse, action);
    }

    /** Returns the distinct labels of {@code examples}, sorted: the order that does not depend on the examples' order. */
    public static List<String> labels(List<Example> examples) {
        return examples.stream().map(Example::label).distinct().sorted().toList();
    }

    static String unknownLabel(String label, List<String> labels) {
        return "label " + quoted(label) + " is unknown, allowed are " + labels;
    }

    static Example parse(JsonlObject line) {
        String label = line.required("label");
        return new Example(
                line.optional("client"), line.required("text"), label, line.optional("group"), line.optional("id"));
    }

    private static String quoted(String label) {
        String printable = label.replaceAll("\\p{Cntrl}", "?");
        return '"' + (printable.length() <= MAX_QUOTED ? printable : printable.substring(0, MAX_QUOTED) + "...") + '"';
    }
}
