package dev.fedlora.lora.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.fedlora.lora.file.MalformedFileException;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One line of a JSONL file, whose fields are read by name. Private data: {@link #toString} prints none of it.
 *
 * @param place file and line, for errors
 */
record JsonlObject(String place, JsonNode fields) {
    /**
     * Returns a field's text.
     *
     * @throws MalformedFileException when it is absent, not a string, or blank
     */
    String required(String field) {
        JsonNode value = fields.get(field);
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

    /**
     * Returns a field's text or whole number, null when it is absent or null.
     *
     * @throws MalformedFileException when it is anything else
     */
    @Nullable String optional(String field) {
        JsonNode value = fields.get(field);
        if (value == null || value.isNull()) {
            return null;
        }
        if (!value.isTextual() && !value.isIntegralNumber()) {
            throw malformed(
                    "has a \"%s\" that is neither a string nor a whole number but %s".formatted(field, kind(value)));
        }
        return value.asText();
    }

    /** Says whether there is any of these fields. */
    boolean hasOneOf(String... names) {
        return Arrays.stream(names).anyMatch(fields::has);
    }

    /** Returns an error that names file and line. */
    MalformedFileException malformed(String problem) {
        return new MalformedFileException(place, problem);
    }

    /** Says where it is alone: examples are never printed. */
    @Override
    public String toString() {
        return "JsonlObject[" + place + "]";
    }

    private static String kind(JsonNode value) {
        return value.getNodeType().name().toLowerCase(Locale.ROOT);
    }
}
