package dev.fedlora.lora.huggingface;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.fedlora.lora.file.MalformedFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** One JSON object of a model directory and the fields that are asked of it; errors name file and field. */
final class JsonFile {
    private static final long MAX_BYTES = 1 << 26; // the largest tokenizer.json, of 260,000 tokens, takes half of it
    private static final ObjectReader JSON = new ObjectMapper(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .reader()
            .with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .forType(JsonNode.class);

    private final Path path;
    private final JsonNode root;

    private JsonFile(Path path, JsonNode root) {
        this.path = path;
        this.root = root;
    }

    /**
     * Reads {@code path}.
     *
     * @throws MalformedFileException when it is no JSON object, or absurdly large
     * @throws IOException when it cannot be read
     */
    static JsonFile read(Path path) throws IOException {
        if (Files.size(path) > MAX_BYTES) {
            throw new MalformedFileException(path, "has more than %d bytes".formatted(MAX_BYTES));
        }
        byte[] bytes = Files.readAllBytes(path);
        try {
            JsonNode root = JSON.readValue(bytes);
            if (root.isObject()) {
                return new JsonFile(path, root);
            }
            throw new MalformedFileException(path, "is not a JSON object");
        } catch (JsonProcessingException notJson) {
            throw new MalformedFileException(
                    path.toString(), "is not valid JSON: " + notJson.getOriginalMessage(), notJson);
        } catch (IOException notText) { // of the letters: the bytes are all here
            throw new MalformedFileException(path.toString(), "is not valid UTF-8", notText);
        }
    }

    /** Reads {@code path}, or returns an object without fields where there is no such file. */
    static JsonFile readIfPresent(Path path) throws IOException {
        return Files.isRegularFile(path) ? read(path) : new JsonFile(path, MissingNode.getInstance());
    }

    /** Returns the same file, from its object {@code field} on; without fields where that is absent or null. */
    JsonFile object(String field) {
        JsonNode value = root.path(field);
        if (value.isMissingNode() || value.isNull()) {
            return new JsonFile(path, MissingNode.getInstance());
        }
        if (!value.isObject()) {
            throw wrong(field, value, "an object");
        }
        return new JsonFile(path, value);
    }

    Path path() {
        return path;
    }

    /** Returns what is under {@code field}, a missing node when nothing or null is. */
    JsonNode get(String field) {
        JsonNode value = root.path(field);
        return value.isNull() ? MissingNode.getInstance() : value;
    }

    Set<Map.Entry<String, JsonNode>> fields() {
        return root.properties();
    }

    boolean has(String field) {
        return !get(field).isMissingNode();
    }

    boolean isEmpty() {
        return root.isEmpty();
    }

    Optional<String> text(String field) {
        JsonNode value = get(field);
        if (!value.isMissingNode() && !value.isTextual()) {
            throw wrong(field, value, "a string");
        }
        return Optional.ofNullable(value.textValue());
    }

    Optional<Boolean> flag(String field) {
        JsonNode value = get(field);
        if (!value.isMissingNode() && !value.isBoolean()) {
            throw wrong(field, value, "true or false");
        }
        return value.isMissingNode() ? Optional.empty() : Optional.of(value.booleanValue());
    }

    /** Returns the count under {@code field}: at least 1, at most 2³¹ - 1. */
    OptionalInt count(String field) {
        JsonNode value = get(field);
        if (value.isMissingNode()) {
            return OptionalInt.empty();
        }
        if (!value.isInt() || value.intValue() < 1) {
            throw wrong(field, value, "a whole number from 1 to 2147483647");
        }
        return OptionalInt.of(value.intValue());
    }

    int requiredCount(String field) {
        return count(field).orElseThrow(() -> malformed("has no " + field));
    }

    /** Returns the number under {@code field}, which is positive and finite. */
    Optional<Double> positive(String field) {
        JsonNode value = get(field);
        if (value.isMissingNode()) {
            return Optional.empty();
        }
        if (!value.isNumber() || !(value.doubleValue() > 0) || Double.isInfinite(value.doubleValue())) {
            throw wrong(field, value, "a positive number");
        }
        return Optional.of(value.doubleValue());
    }

    MalformedFileException wrong(String field, JsonNode got, String expected) {
        return malformed("%s is %s, expected %s".formatted(field, brief(got), expected));
    }

    MalformedFileException malformed(String problem) {
        return new MalformedFileException(path, problem);
    }

    static String brief(JsonNode value) {
        String text = value.toString();
        return text.length() <= 200 ? text : text.substring(0, 200) + "...";
    }
}
