package dev.fedlora.cli.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * What a command found out or did, for programs and for people.
 *
 * @param json what {@code --json} prints, in one line
 * @param text what is printed otherwise, without a line feed at its end; empty for nothing
 */
public record Answer(String json, String text) {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** Returns an answer of {@code json}, as it is now, and {@code text}. */
    public static Answer of(ObjectNode json, String text) {
        return new Answer(write(json), text);
    }

    /** Returns a new, empty JSON object. */
    public static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    /** Returns {@code json} in one line. */
    public static String write(ObjectNode json) {
        try {
            return MAPPER.writeValueAsString(json);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("a JSON tree can always be written", impossible);
        }
    }
}
