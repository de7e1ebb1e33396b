package dev.fedlora.lora.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.fedlora.lora.file.MalformedFileException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Classification examples, one JSON object a line: {@code {"text": ..., "label": ...}} and, where wanted,
 * {@code "client"}, {@code "group"} and {@code "id"}; other fields are ignored, and so are blank lines.
 *
 * <p>One bad line refuses the file: training on part of the data without saying so would be worse. Errors name file and
 * line, and never quote the text.
 */
public final class JsonlExamples {
    /** Longest line, in bytes: far above any text that a model of 512 tokens can take in. */
    public static final int MAX_LINE_BYTES = 1 << 20;

    private static final int MAX_QUOTED = 40; // of a label in an error
    private static final int BYTE_ORDER_MARK = 0xFEFF;
    private static final ObjectReader JSON = new ObjectMapper(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
                    .build())
            .reader()
            .with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .forType(JsonNode.class);

    private final Path file;
    private final @Nullable List<String> labels;
    private int line;

    private JsonlExamples(Path file, @Nullable List<String> labels) {
        this.file = file;
        this.labels = labels;
    }

    /**
     * Returns all examples of {@code file}.
     *
     * @throws MalformedFileException when a line is not an example, or there is none
     * @throws IOException when it cannot be read
     */
    public static List<Example> read(Path file) throws IOException {
        return readAll(new JsonlExamples(file, null));
    }

    /**
     * Returns all examples of {@code file}, each with one of {@code labels}.
     *
     * @throws MalformedFileException also when a label is not among them
     */
    public static List<Example> read(Path file, List<String> labels) throws IOException {
        return readAll(new JsonlExamples(file, List.copyOf(labels)));
    }

    /**
     * Gives the examples of {@code file} to {@code action} one by one, in constant memory; those before a bad line have
     * been given when it is refused.
     */
    public static void forEach(Path file, Consumer<Example> action) throws IOException {
        new JsonlExamples(file, null).stream(action);
    }

    /** Returns the distinct labels of {@code examples}, sorted: the order that does not depend on the examples' order. */
    public static List<String> labels(List<Example> examples) {
        return examples.stream().map(Example::label).distinct().sorted().toList();
    }

    static String unknownLabel(String label, List<String> labels) {
        return "label " + quoted(label) + " is unknown, allowed are " + labels;
    }

    private static List<Example> readAll(JsonlExamples reader) throws IOException {
        List<Example> examples = new ArrayList<>();
        reader.stream(examples::add);
        if (examples.isEmpty()) {
            throw new MalformedFileException(reader.file, "holds no examples");
        }
        return examples;
    }

    private void stream(Consumer<Example> action) throws IOException {
        byte[] buffer = new byte[MAX_LINE_BYTES];
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            for (int length = readLine(in, buffer); length >= 0; length = readLine(in, buffer)) {
                line++;
                String text = decode(buffer, length);
                if (!text.isBlank()) {
                    action.accept(parse(text));
                }
            }
        }
    }

    /** Reads up to a line feed into {@code buffer} and returns the length, -1 at the file's end. */
    private int readLine(InputStream in, byte[] buffer) throws IOException {
        int length = 0;
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                return length == 0 ? -1 : length;
            }
            if (length == buffer.length) {
                line++;
                throw malformed("is longer than %d bytes".formatted(MAX_LINE_BYTES));
            }
            buffer[length++] = (byte) next;
        }
        return length;
    }

    private String decode(byte[] buffer, int length) {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(buffer, 0, length))
                    .toString();
            boolean marked = line == 1 && !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK;
            return marked ? text.substring(1) : text;
        } catch (CharacterCodingException notText) {
            throw malformed("is not valid UTF-8");
        }
    }

    private Example parse(String text) {
        JsonNode object = parseJson(text);
        if (!object.isObject()) {
            throw malformed("is not a JSON object");
        }
        String label = required(object, "label");
        if (labels != null && !labels.contains(label)) {
            throw malformed(unknownLabel(label, labels));
        }
        return new Example(
                optional(object, "client"),
                required(object, "text"),
                label,
                optional(object, "group"),
                optional(object, "id"));
    }

    private JsonNode parseJson(String text) {
        try {
            return JSON.readValue(text);
        } catch (JsonProcessingException notJson) { // its message may quote the text
            int column =
                    notJson.getLocation() == null ? 0 : notJson.getLocation().getColumnNr();
            throw malformed("is not valid JSON at column " + column);
        }
    }

    private String required(JsonNode object, String field) {
        JsonNode value = object.get(field);
        if (value == null) {
            throw malformed("lacks the field \"" + field + "\"");
        }
        if (!value.isTextual()) {
            throw malformed("has a \"%s\" that is not a string but %s".formatted(field, kind(value)));
        }
        if (value.textValue().isBlank()) {
            throw malformed("has a blank \"" + field + "\"");
        }
        return value.textValue();
    }

    private @Nullable String optional(JsonNode object, String field) {
        JsonNode value = object.get(field);
        if (value == null || value.isNull()) {
            return null;
        }
        if (!value.isTextual() && !value.isIntegralNumber()) {
            throw malformed(
                    "has a \"%s\" that is neither a string nor a whole number but %s".formatted(field, kind(value)));
        }
        return value.asText();
    }

    private MalformedFileException malformed(String problem) {
        return new MalformedFileException(file + ", line " + line, problem);
    }

    private static String kind(JsonNode value) {
        return value.getNodeType().name().toLowerCase(java.util.Locale.ROOT);
    }

    private static String quoted(String label) {
        String printable = label.replaceAll("\\p{Cntrl}", "?");
        return '"' + (printable.length() <= MAX_QUOTED ? printable : printable.substring(0, MAX_QUOTED) + "...") + '"';
    }
}
