package dev.fedlora.lora.peft;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The names that Transformers' LlamaForCausalLM shares with its Mistral, Qwen 2, Qwen 3 and BitNet relatives; names
 * without {@code model.} before them, as the models without an output matrix have, are read too.
 */
final class DecoderModuleNames implements ModuleNames {
    private static final Map<String, String> MODULES = Map.of(
            "attn_q", "self_attn.q_proj",
            "attn_k", "self_attn.k_proj",
            "attn_v", "self_attn.v_proj",
            "attn_output", "self_attn.o_proj",
            "ffn_gate", "mlp.gate_proj",
            "ffn_up", "mlp.up_proj",
            "ffn_down", "mlp.down_proj");
    private static final Pattern TENSOR = Pattern.compile("blk\\.(\\d{1,5})\\.([a-z_]+)\\.weight");
    private static final Pattern MODULE = Pattern.compile("(?:model\\.)?layers\\.(\\d{1,5})\\.([a-z_.]+)");

    private final String architecture;

    DecoderModuleNames(String architecture) {
        this.architecture = architecture;
    }

    /** None: PEFT finds the class by the task type, which serves Mistral, whose GGUF files say llama, as well. */
    @Override
    public Optional<BaseClass> baseClass() {
        return Optional.empty();
    }

    @Override
    public Optional<String> taskType() {
        return Optional.of("CAUSAL_LM");
    }

    @Override
    public String module(String tensor) {
        Matcher name = match(tensor);
        return "model.layers." + name.group(1) + "." + MODULES.get(name.group(2));
    }

    @Override
    public Optional<String> tensor(String module) {
        Matcher name = MODULE.matcher(module);
        if (!name.matches()) {
            return Optional.empty();
        }
        return MODULES.entrySet().stream()
                .filter(entry -> entry.getValue().equals(name.group(2)))
                .findFirst()
                .map(entry -> "blk." + name.group(1) + "." + entry.getKey() + ".weight");
    }

    @Override
    public List<String> targetModules(Collection<String> tensors) {
        return tensors.stream()
                .map(tensor -> targetPattern(match(tensor).group(2)))
                .distinct()
                .sorted()
                .toList();
    }

    @Override
    public String targetPattern(String target) {
        String module = MODULES.getOrDefault(target, target);
        return module.substring(module.indexOf('.') + 1);
    }

    private Matcher match(String tensor) {
        Matcher name = TENSOR.matcher(tensor);
        if (!name.matches() || !MODULES.containsKey(name.group(2))) {
            throw new IllegalArgumentException("tensor %s is not a linear layer of %s, allowed are %s"
                    .formatted(
                            tensor,
                            architecture,
                            MODULES.keySet().stream().sorted().toList()));
        }
        return name;
    }
}
