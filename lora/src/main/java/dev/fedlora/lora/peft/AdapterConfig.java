package dev.fedlora.lora.peft;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.file.MalformedFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The content of adapter_config.json: PEFT's LoraConfig, and under {@code fedlora}, which PEFT drops, what it has no
 * field for.
 *
 * @param rank columns of B
 * @param alpha numerator of the scale alpha / rank, after what rsLoRA makes of it
 * @param architecture of the base model, or null in a directory that others wrote
 * @param baseSha256 hash of the base model's file, or null
 * @param labels of the classifier, or null
 */
record AdapterConfig(
        int rank,
        float alpha,
        @Nullable String architecture,
        @Nullable String baseSha256,
        @Nullable List<String> labels) {
    static final String OWN = "fedlora";
    /** Fields that change what the factors mean; each must be absent, null, or what stands here. */
    private static final Map<String, String> FIXED = Map.of(
            "bias", "none",
            "fan_in_fan_out", "false",
            "use_dora", "false",
            "use_qalora", "false",
            "lora_bias", "false");
    /** Fields of the same kind that must be absent, null or empty. */
    private static final List<String> EMPTY = List.of(
            "rank_pattern",
            "alpha_pattern",
            "layer_replication",
            "target_parameters",
            "trainable_token_indices",
            "megatron_config");

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
        boolean rankStabilized = json.path("use_rslora").asBoolean(); // scale alpha / √r, as alpha √r / r
        JsonNode own = json.path(OWN);
        return new AdapterConfig(
                (int) rank,
                (float) (rankStabilized ? alpha * Math.sqrt(rank) : alpha),
                text(own, "architecture"),
                text(own, "base_sha256"),
                own.path("labels").isArray() ? labels(source, own.path("labels")) : null);
    }

    /** Returns the configuration of {@code adapter} as PEFT writes it. */
    static ObjectNode write(LoraAdapter adapter, ModuleNames names) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putObject("alpha_pattern");
        json.putObject("auto_mapping")
                .put("base_model_class", names.baseModelClass())
                .put("parent_library", names.parentLibrary());
        json.putNull("base_model_name_or_path");
        json.put("bias", "none");
        json.putNull("exclude_modules");
        json.put("fan_in_fan_out", false);
        json.put("inference_mode", true);
        json.put("init_lora_weights", true);
        json.putNull("layer_replication");
        json.putNull("layers_pattern");
        json.putNull("layers_to_transform");
        json.putObject("loftq_config");
        putAlpha(json, adapter.spec());
        json.put("lora_bias", false);
        json.put("lora_dropout", 0.0);
        json.putNull("megatron_config");
        json.put("megatron_core", "megatron.core");
        putModulesToSave(json, adapter.head());
        json.put("peft_type", "LORA");
        json.put("r", adapter.spec().rank());
        json.putObject("rank_pattern");
        json.putNull("revision");
        names.targetModules(adapter.factors().stream().map(LoraFactors::tensor).toList())
                .forEach(json.putArray("target_modules")::add);
        json.putNull("target_parameters");
        json.putNull("task_type");
        json.putNull("trainable_token_indices");
        json.put("use_dora", false);
        json.put("use_rslora", false);
        putOwn(json.putObject(OWN), adapter);
        return json;
    }

    private static void putAlpha(ObjectNode json, AdapterSpec spec) {
        float alpha = spec.alpha();
        if (alpha == (int) alpha) {
            json.put("lora_alpha", (int) alpha); // PEFT declares an int; a fraction works all the same
        } else {
            json.put("lora_alpha", alpha);
        }
    }

    private static void putModulesToSave(ObjectNode json, @Nullable ClassifierHead head) {
        if (head == null) {
            json.putNull("modules_to_save");
        } else {
            json.putArray("modules_to_save").add(PeftDirectory.CLASSIFIER);
        }
    }

    private static void putOwn(ObjectNode own, LoraAdapter adapter) {
        own.put("architecture", adapter.architecture()).put("base_sha256", adapter.baseSha256());
        ClassifierHead head = adapter.head();
        if (head != null) {
            head.labels().forEach(own.putArray("labels")::add);
        }
    }

    private static void refuseUnknownMeaning(String source, JsonNode json) {
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
        for (JsonNode module : json.path("modules_to_save")) {
            if (!module.asText().equals(PeftDirectory.CLASSIFIER)) {
                throw new MalformedFileException(
                        source, "modules_to_save has %s, only \"classifier\" can be read".formatted(module));
            }
        }
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

    private static @Nullable String text(JsonNode json, String field) {
        JsonNode value = json.path(field);
        return value.isTextual() ? value.textValue() : null;
    }

    private static List<String> labels(String source, JsonNode array) {
        List<String> labels = new ArrayList<>();
        for (JsonNode label : array) {
            if (!label.isTextual()) {
                throw new MalformedFileException(source, OWN + ".labels holds " + label + ", expected strings");
            }
            labels.add(label.textValue());
        }
        return labels;
    }
}
