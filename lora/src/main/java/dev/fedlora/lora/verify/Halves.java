package dev.fedlora.lora.verify;

import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufTensor;
import dev.fedlora.lora.peft.ModuleNames;
import dev.fedlora.lora.quant.Dequantizer;
import dev.fedlora.lora.safetensors.SafetensorsFile;
import dev.fedlora.lora.safetensors.SafetensorsTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Sorts the tensors of an adapter's file into halves, and tells of those that are none. */
final class Halves {
    private static final String PEFT_PREFIX = "base_model.model.";
    private static final Set<String> HEAD = Set.of(
            "classifier.weight", "classifier.bias", PEFT_PREFIX + "classifier.weight", PEFT_PREFIX + "classifier.bias");

    private final List<Half> found = new ArrayList<>();
    private final List<String> problems;

    /** @param problems that are added to */
    Halves(List<String> problems) {
        this.problems = problems;
    }

    List<Half> ofGguf(GgufFile file) {
        for (GgufTensor tensor : file.tensors()) {
            Optional<String> adapted = adapted(tensor.name(), ".lora_a").or(() -> adapted(tensor.name(), ".lora_b"));
            if (adapted.isEmpty() || tensor.dimensions().size() != 2) {
                problems.add("tensor %s with dimensions %s is no half of a LoRA pair"
                        .formatted(tensor.name(), tensor.dimensions()));
            } else {
                boolean isA = tensor.name().endsWith("a");
                found.add(new Half(
                        tensor.name(),
                        adapted.get(),
                        isA,
                        tensor.rows(),
                        tensor.columns(),
                        () -> Dequantizer.all(file.matrix(tensor.name()))));
            }
        }
        return found;
    }

    List<Half> ofStored(SafetensorsFile file) {
        for (SafetensorsTensor tensor : file.tensors()) {
            Optional<String> adapted = adapted(tensor.name(), ".lora_a").or(() -> adapted(tensor.name(), ".lora_b"));
            add(file, tensor, adapted, tensor.name().endsWith("a"));
        }
        return found;
    }

    List<Half> ofPeft(SafetensorsFile file, String architecture) {
        ModuleNames names = ModuleNames.of(architecture);
        for (SafetensorsTensor tensor : file.tensors()) {
            Optional<String> a = adapted(tensor.name(), ".lora_A.weight");
            Optional<String> module = a.or(() -> adapted(tensor.name(), ".lora_B.weight"))
                    .filter(name -> name.startsWith(PEFT_PREFIX))
                    .map(name -> name.substring(PEFT_PREFIX.length()));
            Optional<String> adapted = module.flatMap(names::tensor);
            if (module.isPresent() && adapted.isEmpty()) {
                problems.add("tensor %s adapts a module that a %s model does not have"
                        .formatted(tensor.name(), architecture));
            } else {
                add(file, tensor, adapted, a.isPresent());
            }
        }
        return found;
    }

    private void add(SafetensorsFile file, SafetensorsTensor tensor, Optional<String> adapted, boolean isA) {
        if (adapted.isPresent() && tensor.shape().size() == 2) {
            found.add(new Half(
                    tensor.name(),
                    adapted.get(),
                    isA,
                    tensor.shape().get(0),
                    tensor.shape().get(1),
                    () -> file.floats(tensor.name())));
        } else if (!HEAD.contains(tensor.name())) {
            problems.add("tensor %s of shape %s is no half of a LoRA pair".formatted(tensor.name(), tensor.shape()));
        }
    }

    private static Optional<String> adapted(String name, String ending) {
        return name.endsWith(ending)
                ? Optional.of(name.substring(0, name.length() - ending.length()))
                : Optional.empty();
    }
}
