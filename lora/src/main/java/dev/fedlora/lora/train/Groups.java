package dev.fedlora.lora.train;

import dev.fedlora.lora.data.TrainingExample;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The units that private training protects: all examples of one person, and every example that names nobody by itself. */
final class Groups {
    private final List<List<TrainingExample>> groups;

    private Groups(List<List<TrainingExample>> groups) {
        this.groups = groups;
    }

    static Groups of(List<? extends TrainingExample> examples) {
        List<List<TrainingExample>> groups = new ArrayList<>();
        Map<String, List<TrainingExample>> named = new LinkedHashMap<>();
        for (TrainingExample example : examples) {
            String name = example.group();
            List<TrainingExample> group = name == null ? null : named.get(name);
            if (group == null) {
                group = new ArrayList<>();
                groups.add(group);
                if (name != null) {
                    named.put(name, group);
                }
            }
            group.add(example);
        }
        return new Groups(groups);
    }

    int count() {
        return groups.size();
    }

    List<TrainingExample> get(int group) {
        return groups.get(group);
    }

    static int rows(List<TrainingExample> group) {
        return group.stream().mapToInt(Member::rows).sum();
    }
}
