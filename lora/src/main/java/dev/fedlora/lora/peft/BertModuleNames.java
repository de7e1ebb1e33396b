package dev.fedlora.lora.peft;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The names of Transformers' BertModel; BertForSequenceClassification's, with {@code bert.} before them, are read too. */
final class BertModuleNames implements ModuleNames {
    private static final Map<String, String> MODULES = Map.of(
            "attn_q", "attention.self.query",
            "attn_k", "attention.self.key",
            "attn_v", "attention.self.value",
            "attn_output", "attention.output.dense",
            "ffn_up", "intermediate.dense",
            "ffn_down", "output.dense");
    private static final Pattern TENSOR = Pattern.compile("blk\\.(\\d{1,5})\\.([a-z_]+)\\.weight");
    private static final Pattern MODULE = Pattern.compile("(?:bert\\.)?encoder\\.layer\\.(\\d{1,5})\\.([a-z.]+)");

    @Override
    public Optional<BaseClass> baseClass() {
        return Optional.of(new BaseClass("BertModel", "transformers.models.bert.modeling_bert"));
    }

    @Override
    public Optional<String> taskType() {
        return Optional.empty();
    }

    @Override
    public String module(String tensor) {
        Matcher name = match(tensor);
        return "encoder.layer." + name.group(1) + "." + MODULES.get(name.group(2));
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

    /** PEFT matches ends of names, and attention.output.dense ends in output.dense too: that one is named layer by layer. */
    @Override
    public List<String> targetModules(Collection<String> tensors) {
        return tensors.stream().map(this::targetModule).distinct().sorted().toList();
    }

    @Override
    public String targetPattern(String target) {
        return switch (target) {
            case "attn_q", "attn_k", "attn_v" -> module(target, "attention.self.");
            case "ffn_down" -> "layer\\.\\d+\\.output\\.dense"; // not attention.output.dense
            default -> module(target, "");
        };
    }

    private String targetModule(String tensor) {
        String target = match(tensor).group(2);
        return target.equals("ffn_down") ? module(tensor) : targetPattern(target);
    }

    /** Returns the module of a target inside its layer, less {@code prefix}. */
    private static String module(String target, String prefix) {
        return MODULES.getOrDefault(target, target).substring(prefix.length());
    }

    private static Matcher match(String tensor) {
        Matcher name = TENSOR.matcher(tensor);
        if (!name.matches() || !MODULES.containsKey(name.group(2))) {
            throw new IllegalArgumentException("tensor " + tensor + " is not a linear layer of bert, allowed are "
                    + MODULES.keySet().stream().sorted().toList());
        }
        return name;
    }
}
