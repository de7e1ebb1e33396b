package dev.fedlora.lora.peft;

import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** How an architecture's linear layers are called in a PEFT directory. Immutable and thread-safe. */
public interface ModuleNames {
    /**
     * Returns the names of {@code architecture}.
     *
     * @throws IllegalArgumentException when it has no names here
     */
    static ModuleNames of(String architecture) {
        return switch (architecture) {
            case "bert" -> new BertModuleNames();
            case "llama", "qwen2", "qwen3", "bitnet" -> new DecoderModuleNames(architecture);
            default ->
                throw new IllegalArgumentException("architecture " + architecture
                        + " has no PEFT names here, allowed: bert, bitnet, llama, qwen2, qwen3");
        };
    }

    /**
     * The Transformers class of a base model that PEFT finds by no task type.
     *
     * @param name of the class
     * @param library the Python module of that class
     */
    record BaseClass(String name, String library) {}

    /** Returns the base model's class, unless {@link #taskType} says enough. */
    Optional<BaseClass> baseClass();

    /** Returns PEFT's task type, if the base model has one task. */
    Optional<String> taskType();

    /**
     * Returns the module of a tensor.
     *
     * @throws IllegalArgumentException when the tensor is not a linear layer of this architecture
     */
    String module(String tensor);

    /** Returns the tensor of a module, if it is a linear layer of this architecture. */
    Optional<String> tensor(String module);

    /** Returns the target_modules that make PEFT adapt exactly the modules of {@code tensors}. */
    List<String> targetModules(Collection<String> tensors);

    /** Returns the regular expression of rank_pattern and alpha_pattern that means {@code target} in every block. */
    String targetPattern(String target);
}
