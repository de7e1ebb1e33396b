package dev.fedlora.lora.safetensors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraScaling;
import dev.fedlora.lora.file.MalformedFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An adapter's spec and its other names as safetensors metadata, which are strings. Scaling and patterns are written only
 * where they are set, so that a plain adapter has the bytes that it had before they existed.
 */
final class SpecMetadata {
    private static final String RANK = "rank";
    private static final String ALPHA = "alpha";
    private static final String TARGETS = "targets";
    private static final String SCALING = "scaling";
    private static final String RANK_PATTERN = "rank_pattern";
    private static final String ALPHA_PATTERN = "alpha_pattern";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String source;
    private final Map<String, String> metadata;

    SpecMetadata(String source, Map<String, String> metadata) {
        this.source = source;
        this.metadata = metadata;
    }

    static void write(AdapterSpec spec, SafetensorsWriter out) {
        out.metadata(RANK, Integer.toString(spec.rank()))
                .metadata(ALPHA, Float.toString(spec.alpha()))
                .metadata(TARGETS, json(spec.targets()));
        if (spec.scaling() != LoraScaling.STANDARD) {
            out.metadata(SCALING, spec.scaling().name());
        }
        if (!spec.rankPattern().isEmpty()) {
            out.metadata(RANK_PATTERN, json(spec.rankPattern()));
        }
        if (!spec.alphaPattern().isEmpty()) {
            out.metadata(ALPHA_PATTERN, json(spec.alphaPattern()));
        }
    }

    /**
     * Returns the spec.
     *
     * @throws IllegalArgumentException when a value is missing, of another kind or out of its range
     */
    AdapterSpec spec() {
        return new AdapterSpec(
                (int) number(RANK),
                (float) number(ALPHA),
                list(TARGETS),
                scaling(),
                pattern(RANK_PATTERN, value -> value.isInt() ? value.intValue() : null),
                pattern(ALPHA_PATTERN, value -> value.isNumber() ? value.floatValue() : null));
    }

    String text(String key) {
        String value = metadata.get(key);
        if (value == null) {
            throw malformed("has no metadata " + key);
        }
        return value;
    }

    boolean has(String key) {
        return metadata.containsKey(key);
    }

    List<String> list(String key) {
        List<String> strings = new ArrayList<>();
        for (JsonNode element : parsed(key)) {
            if (!element.isTextual()) {
                throw malformed("its " + key + " are not a list of strings");
            }
            strings.add(element.textValue());
        }
        return strings;
    }

    static String json(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("strings and numbers can be written as JSON", impossible);
        }
    }

    private LoraScaling scaling() {
        String name = metadata.getOrDefault(SCALING, LoraScaling.STANDARD.name());
        for (LoraScaling scaling : LoraScaling.values()) {
            if (scaling.name().equals(name)) {
                return scaling;
            }
        }
        throw malformed("its scaling is " + name + ", allowed are " + List.of(LoraScaling.values()));
    }

    private <T> Map<String, T> pattern(String key, Function<JsonNode, @Nullable T> read) {
        Map<String, T> pattern = new TreeMap<>();
        if (has(key)) {
            for (Map.Entry<String, JsonNode> entry : parsed(key).properties()) {
                T value = read.apply(entry.getValue());
                if (value == null) {
                    throw malformed(
                            "its %s.%s is %s, expected a number".formatted(key, entry.getKey(), entry.getValue()));
                }
                pattern.put(entry.getKey(), value);
            }
        }
        return pattern;
    }

    private double number(String key) {
        try {
            return Double.parseDouble(text(key));
        } catch (NumberFormatException notANumber) {
            throw new MalformedFileException(source, "its %s is not a number".formatted(key), notANumber);
        }
    }

    private JsonNode parsed(String key) {
        try {
            return JSON.readTree(text(key));
        } catch (JsonProcessingException notJson) {
            throw new MalformedFileException(source, "its " + key + " are not valid JSON", notJson);
        }
    }

    private MalformedFileException malformed(String problem) {
        return new MalformedFileException(source, problem);
    }
}
