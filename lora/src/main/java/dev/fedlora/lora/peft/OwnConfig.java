package dev.fedlora.lora.peft;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.AttentionHeads;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What adapter_config.json says under {@code fedlora}, which PEFT drops. All of it is absent in a directory that others
 * wrote.
 *
 * @param architecture of the base model
 * @param baseSha256 hash of the base model's file
 * @param labels of the classifier
 * @param heads of the base model's attention, where the order of rows depends on them
 * @param rankPattern the spec's, whose keys PEFT's expressions can only paraphrase
 * @param alphaPattern the spec's
 */
record OwnConfig(
        @Nullable String architecture,
        @Nullable String baseSha256,
        @Nullable List<String> labels,
        @Nullable AttentionHeads heads,
        Map<String, Integer> rankPattern,
        Map<String, Float> alphaPattern) {
    static final String FIELD = "fedlora";

    static OwnConfig read(String source, JsonNode own) {
        return new OwnConfig(
                text(own, "architecture"),
                text(own, "base_sha256"),
                own.path("labels").isArray() ? labels(source, own.path("labels")) : null,
                own.path("attention_heads").isObject() ? heads(source, own.path("attention_heads")) : null,
                pattern(own.path("rank_pattern"), value -> value.isInt() ? value.intValue() : null),
                pattern(own.path("alpha_pattern"), value -> value.isNumber() ? value.floatValue() : null));
    }

    static void write(ObjectNode own, LoraAdapter adapter, @Nullable AttentionHeads heads) {
        own.put("architecture", adapter.architecture()).put("base_sha256", adapter.baseSha256());
        if (heads != null) {
            own.putObject("attention_heads").put("queries", heads.queries()).put("keys", heads.keys());
        }
        AdapterSpec spec = adapter.spec();
        if (!spec.rankPattern().isEmpty()) {
            spec.rankPattern().forEach(own.putObject("rank_pattern")::put);
        }
        if (!spec.alphaPattern().isEmpty()) {
            spec.alphaPattern().forEach(own.putObject("alpha_pattern")::put);
        }
        ClassifierHead head = adapter.head();
        if (head != null) {
            head.labels().forEach(own.putArray("labels")::add);
        }
    }

    private static AttentionHeads heads(String source, JsonNode json) {
        JsonNode queries = json.path("queries");
        JsonNode keys = json.path("keys");
        if (!queries.isInt() || !keys.isInt() || queries.intValue() < 1 || keys.intValue() < 1) {
            throw new MalformedFileException(
                    source, "%s.attention_heads is %s, expected numbers of queries and keys".formatted(FIELD, json));
        }
        return new AttentionHeads(queries.intValue(), keys.intValue());
    }

    /** Returns the entries that are numbers; what they say is compared with PEFT's own fields before it is believed. */
    private static <T> Map<String, T> pattern(JsonNode json, Function<JsonNode, @Nullable T> read) {
        Map<String, T> pattern = new TreeMap<>();
        for (Map.Entry<String, JsonNode> entry : json.properties()) {
            T value = read.apply(entry.getValue());
            if (value != null) {
                pattern.put(entry.getKey(), value);
            }
        }
        return pattern;
    }

    private static @Nullable String text(JsonNode json, String field) {
        JsonNode value = json.path(field);
        return value.isTextual() ? value.textValue() : null;
    }

    private static List<String> labels(String source, JsonNode array) {
        List<String> labels = new ArrayList<>();
        for (JsonNode label : array) {
            if (!label.isTextual()) {
                throw new MalformedFileException(source, FIELD + ".labels holds " + label + ", expected strings");
            }
            labels.add(label.textValue());
        }
        return labels;
    }
}
