package dev.fedlora.cli.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.lora.gguf.GgufValue;
import dev.fedlora.lora.gguf.GgufValueType;
import java.util.List;
import java.util.function.IntFunction;

/**
 * GGUF metadata as JSON. Long arrays, such as a vocabulary of 30,000 tokens, are told by length and first elements:
 * {@code {"type": "array of string", "length": 30522, "first": [...]}}.
 */
final class MetadataJson {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final int MOST_ELEMENTS = 16; // whole rope or label lists; a vocabulary's start is enough to know it

    private MetadataJson() {}

    static JsonNode of(GgufValue value) {
        if (value instanceof GgufValue.Whole whole) {
            return JSON.numberNode(whole.value());
        }
        if (value instanceof GgufValue.Real real) {
            // the shortest decimal of a float, not of the double that it becomes
            return real.type() == GgufValueType.F32
                    ? JSON.numberNode((float) real.value())
                    : JSON.numberNode(real.value());
        }
        if (value instanceof GgufValue.Flag flag) {
            return JSON.booleanNode(flag.value());
        }
        if (value instanceof GgufValue.Text text) {
            return JSON.textNode(text.value());
        }
        if (value instanceof GgufValue.Texts texts) {
            List<String> values = texts.values();
            return array(texts, values.size(), i -> JSON.textNode(values.get(i)));
        }
        GgufValue.Numbers numbers = (GgufValue.Numbers) value;
        return array(numbers, numbers.count(), i -> element(numbers, i));
    }

    private static JsonNode element(GgufValue.Numbers numbers, int index) {
        return switch (numbers.type()) {
            case F32 -> JSON.numberNode((float) numbers.real(index));
            case F64 -> JSON.numberNode(numbers.real(index));
            case BOOL -> JSON.booleanNode(numbers.whole(index) != 0);
            case U8, I8, U16, I16, U32, I32, U64, I64, STRING, ARRAY -> JSON.numberNode(numbers.whole(index));
        };
    }

    private static JsonNode array(GgufValue value, int length, IntFunction<JsonNode> element) {
        ArrayNode elements = JSON.arrayNode();
        for (int i = 0; i < Math.min(length, MOST_ELEMENTS); i++) {
            elements.add(element.apply(i));
        }
        if (length <= MOST_ELEMENTS) {
            return elements;
        }
        ObjectNode summary = JSON.objectNode();
        summary.put("type", "array of " + value.type().name().toLowerCase(java.util.Locale.ROOT));
        summary.put("length", length);
        summary.set("first", elements);
        return summary;
    }
}
