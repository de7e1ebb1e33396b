package dev.fedlora.lora.peft;

import com.fasterxml.jackson.databind.JsonNode;
import dev.fedlora.lora.LoraScaling;
import dev.fedlora.lora.file.MalformedFileException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The content of adapter_config.json: PEFT's LoraConfig, and under {@code fedlora}, which PEFT drops, what it has no
 * field for.
 *
 * @param rank columns of B where no pattern says another
 * @param alpha numerator of the scale where no pattern says another
 * @param ranks by expressions over module names
 * @param alphas by expressions over module names
 */
record AdapterConfig(
        int rank,
        float alpha,
        LoraScaling scaling,
        ModulePatterns<Integer> ranks,
        ModulePatterns<Float> alphas,
        OwnConfig own) {
    private static final String RANK_PATTERN = "rank_pattern";
    private static final String ALPHA_PATTERN = "alpha_pattern";
    /** Fields that change what the factors mean; each must be absent, null, or what stands here. */
    private static final Map<String, String> FIXED = Map.of(
            "bias", "none",
            "fan_in_fan_out", "false",
            "use_qalora", "false",
            "lora_bias", "false");
    /** Fields of the same kind that must be absent, null or empty. */
    private static final List<String> EMPTY =
            List.of("layer_replication", "target_parameters", "trainable_token_indices", "megatron_config");
    /** Ways to start training that leave the base model as it is; the others subtract from its weights. */
    private static final Pattern BASE_KEPT = Pattern.compile("true|false|gaussian|orthogonal|eva");

    /** Reads a configuration; {@code source} is the file's name for errors. */
    static AdapterConfig read(String source, JsonNode json) {
        String kind = json.path("peft_type").asText();
        if (!kind.equals("LORA")) {
            throw new MalformedFileException(source, "peft_type is \"" + kind + "\", expected \"LORA\"");
        }
        refuseUnknownMeaning(source, json);
        double rank = number(source, json, "r", 8); // PEFT's defaults
        double alpha = number(source, json, "lora_alpha", 8);
        if (rank != (int) rank || rank < 1) {
            throw new MalformedFileException(source, "r is " + rank + ", expected a whole number of at least 1");
        }
        return new AdapterConfig(
                (int) rank,
                (float) alpha,
                flag(source, json, "use_rslora") ? LoraScaling.RANK_STABILIZED : LoraScaling.STANDARD,
                patterns(source, json, RANK_PATTERN, v -> v.isInt() && v.intValue() > 0 ? v.intValue() : null),
                patterns(source, json, ALPHA_PATTERN, v -> v.isNumber() ? v.floatValue() : null),
                OwnConfig.read(source, json.path(OwnConfig.FIELD)));
    }

    private static <T> ModulePatterns<T> patterns(
            String source, JsonNode json, String field, Function<JsonNode, @Nullable T> read) {
        Map<String, T> values = new LinkedHashMap<>();
        JsonNode pattern = json.path(field);
        if (!pattern.isMissingNode() && !pattern.isNull() && !pattern.isObject()) {
            throw new MalformedFileException(source, field + " is " + pattern.getNodeType() + ", expected an object");
        }
        for (Map.Entry<String, JsonNode> entry : pattern.properties()) {
            T value = read.apply(entry.getValue());
            if (value == null) {
                throw new MalformedFileException(
                        source,
                        "%s has %s for %s, expected a number".formatted(field, entry.getValue(), entry.getKey()));
            }
            values.put(entry.getKey(), value);
        }
        return new ModulePatterns<>(source, field, values);
    }

    private static void refuseUnknownMeaning(String source, JsonNode json) {
        if (flag(source, json, "use_dora")) {
            throw new MalformedFileException(source, "use_dora is true: DoRA adapters cannot be read, only LoRA's");
        }
        FIXED.forEach((field, allowed) -> {
            JsonNode value = json.path(field);
            if (!value.isMissingNode() && !value.isNull() && !value.asText().equals(allowed)) {
                throw new MalformedFileException(
                        source, "%s is %s, only %s can be read".formatted(field, value, allowed));
            }
        });
        for (String field : EMPTY) {
            JsonNode value = json.path(field);
            if (!value.isMissingNode() && !value.isNull() && !(value.isContainerNode() && value.isEmpty())) {
                throw new MalformedFileException(source, field + " is set, which cannot be read");
            }
        }
        JsonNode start = json.path("init_lora_weights");
        if (!start.isMissingNode()
                && !start.isNull()
                && !BASE_KEPT.matcher(start.asText()).matches()) {
            throw new MalformedFileException(
                    source,
                    "init_lora_weights is %s: its factors are for a base model with changed weights, which cannot be read"
                            .formatted(start));
        }
        for (JsonNode module : json.path("modules_to_save")) {
            if (!module.asText().equals(PeftDirectory.CLASSIFIER)) {
                throw new MalformedFileException(
                        source, "modules_to_save has %s, only \"classifier\" can be read".formatted(module));
            }
        }
    }

    private static boolean flag(String source, JsonNode json, String field) {
        JsonNode value = json.path(field);
        if (!value.isMissingNode() && !value.isNull() && !value.isBoolean()) {
            throw new MalformedFileException(source, "%s is %s, expected true or false".formatted(field, value));
        }
        return value.asBoolean();
    }

    private static double number(String source, JsonNode json, String field, double fallback) {
        JsonNode value = json.path(field);
        if (value.isMissingNode()) {
            return fallback;
        }
        if (!value.isNumber()) {
            throw new MalformedFileException(source, "%s is %s, expected a number".formatted(field, value));
        }
        return value.doubleValue();
    }
}
