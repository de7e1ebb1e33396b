package dev.fedlora.coordinator.round;

import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.safetensors.AdapterBytes;
import java.util.ArrayList;
import java.util.List;

/** Checks of the adapter that a task begins with. Stateless. */
final class InitialAdapter {
    private InitialAdapter() {}

    /**
     * Decodes the adapter and checks that it is one of this task.
     *
     * @throws IllegalArgumentException naming everything that does not fit
     */
    static LoraAdapter require(TaskSpec spec, byte[] bytes) {
        LoraAdapter adapter = AdapterBytes.decode(bytes);
        ClassifierHead head = adapter.head();
        List<String> problems = new ArrayList<>();
        compare(problems, "architecture", spec.architecture(), adapter.architecture());
        compare(problems, "base model", spec.baseSha256(), adapter.baseSha256());
        compare(problems, "rank, alpha and targets", spec.adapter(), adapter.spec());
        compare(problems, "labels", spec.labels(), head == null ? List.of() : head.labels());
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    "the initial adapter does not fit task %s: %s".formatted(spec.task(), String.join("; ", problems)));
        }
        return adapter;
    }

    private static void compare(List<String> problems, String what, Object wanted, Object got) {
        if (!wanted.equals(got)) {
            problems.add("%s must be %s, got %s".formatted(what, wanted, got));
        }
    }
}
