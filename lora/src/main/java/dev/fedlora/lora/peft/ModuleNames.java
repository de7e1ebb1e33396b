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
        if (architecture.equals("bert")) {
            return new BertModuleNames();
        }
        throw new IllegalArgumentException("architecture " + architecture + " has no PEFT names here, allowed: bert");
    }

    /** Returns the Transformers class of the base model. */
    String baseModelClass();

    /** Returns the Python module of that class. */
    String parentLibrary();

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
}
