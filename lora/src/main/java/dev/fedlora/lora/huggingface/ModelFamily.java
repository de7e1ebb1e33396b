package dev.fedlora.lora.huggingface;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The model classes that can be converted, by what they are in GGUF. */
enum ModelFamily {
    LLAMA("llama", List.of("LlamaForCausalLM", "LLaMAForCausalLM", "MistralForCausalLM")),
    QWEN2("qwen2", List.of("Qwen2ForCausalLM")),
    QWEN3("qwen3", List.of("Qwen3ForCausalLM")),
    /** BitNet b1.58 as its reproductions have it; Microsoft's BitNetForCausalLM has another activation. */
    BITNET("bitnet", List.of("BitnetForCausalLM"));

    private static final String MISTRAL = "MistralForCausalLM";

    private final String architecture;
    private final List<String> classes;

    ModelFamily(String architecture, List<String> classes) {
        this.architecture = architecture;
        this.classes = classes;
    }

    /** Returns GGUF's name. */
    String architecture() {
        return architecture;
    }

    /** Returns the family of a model class of transformers, if it can be converted. */
    static Optional<ModelFamily> of(String modelClass) {
        return Arrays.stream(values())
                .filter(family -> family.classes.contains(modelClass))
                .findFirst();
    }

    /** Says whether attention of a model class ends at its config's {@code sliding_window}, when that is a number. */
    static boolean hasWindow(String modelClass) {
        return modelClass.equals(MISTRAL);
    }

    static List<String> allClasses() {
        return Arrays.stream(values()).flatMap(f -> f.classes.stream()).toList();
    }
}
