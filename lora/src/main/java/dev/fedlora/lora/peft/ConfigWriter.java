package dev.fedlora.lora.peft;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.LoraScaling;
import dev.fedlora.lora.gguf.AttentionHeads;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Writes adapter_config.json as PEFT does, all of LoraConfig's fields with their defaults. */
final class ConfigWriter {
    private final LoraAdapter adapter;
    private final ModuleNames names;

    ConfigWriter(LoraAdapter adapter, ModuleNames names) {
        this.adapter = adapter;
        this.names = names;
    }

    ObjectNode write(@Nullable AttentionHeads heads) {
        AdapterSpec spec = adapter.spec();
        List<String> modules = names.targetModules(
                adapter.factors().stream().map(LoraFactors::tensor).toList()); // first: refuses unknown tensors
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        ObjectNode alphas = json.putObject("alpha_pattern");
        pattern(spec.alphaPattern(), f -> spec.alpha(f.tensor()), spec.alpha())
                .forEach((key, alpha) -> putAlpha(alphas, key, alpha));
        putBaseClass(json);
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
        putAlpha(json, "lora_alpha", spec.alpha());
        json.put("lora_bias", false);
        json.put("lora_dropout", 0.0);
        json.putNull("megatron_config");
        json.put("megatron_core", "megatron.core");
        putModulesToSave(json);
        json.put("peft_type", "LORA");
        json.put("r", spec.rank());
        ObjectNode ranks = json.putObject("rank_pattern");
        pattern(spec.rankPattern(), f -> spec.rank(f.tensor()), spec.rank()).forEach(ranks::put);
        json.putNull("revision");
        modules.forEach(json.putArray("target_modules")::add);
        json.putNull("target_parameters");
        json.put("task_type", names.taskType().orElse(null));
        json.putNull("trainable_token_indices");
        json.put("use_dora", false);
        json.put("use_rslora", spec.scaling() == LoraScaling.RANK_STABILIZED);
        OwnConfig.write(json.putObject(OwnConfig.FIELD), adapter, heads);
        return json;
    }

    /**
     * Returns PEFT's pattern. No two of its expressions mean one module, so that it says the same in any order: PEFT
     * sorts it when it writes it again.
     */
    private <T> Map<String, T> pattern(Map<String, T> own, Function<LoraFactors, T> value, T otherwise) {
        Map<String, T> pattern = new LinkedHashMap<>();
        for (LoraFactors factors : adapter.factors()) {
            String target = factors.tensor().split("\\.", -1)[2]; // blk.N.TARGET.weight
            boolean uniform = own.keySet().stream().noneMatch(key -> key.contains("." + target + "."));
            if (!value.apply(factors).equals(otherwise)) {
                pattern.put(
                        uniform ? names.targetPattern(target) : names.module(factors.tensor()), value.apply(factors));
            }
        }
        return pattern;
    }

    private void putBaseClass(ObjectNode json) {
        names.baseClass()
                .ifPresentOrElse(
                        base -> json.putObject("auto_mapping")
                                .put("base_model_class", base.name())
                                .put("parent_library", base.library()),
                        () -> json.putNull("auto_mapping"));
    }

    private static void putAlpha(ObjectNode json, String field, float alpha) {
        if (alpha == (int) alpha) {
            json.put(field, (int) alpha); // PEFT declares an int; a fraction works all the same
        } else {
            json.put(field, alpha);
        }
    }

    private void putModulesToSave(ObjectNode json) {
        ClassifierHead head = adapter.head();
        if (head == null) {
            json.putNull("modules_to_save");
        } else {
            json.putArray("modules_to_save").add(PeftDirectory.CLASSIFIER);
        }
    }
}
