package dev.fedlora.lora.train;

import dev.fedlora.lora.data.EncodedExample;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The units that private training protects: all examples of one person, and every example that names nobody by itself. */
final class Groups {
    private final List<List<EncodedExample>> groups;

    private Groups(List<List<EncodedExample>> groups) {
        this.groups = groups;
    }

    static Groups of(List<EncodedExample> examples) {
        List<List<EncodedExample>> groups = new ArrayList<>();
        Map<String, List<EncodedExample>> named = new LinkedHashMap<>();
        for (EncodedExample example : examples) {
            String name = example.group();
            List<EncodedExample> group = name == null ? null : named.get(name);
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

    List<EncodedExample> get(int group) {
        return groups.get(group);
    }

    static int rows(List<EncodedExample> group) {
        return group.stream().mapToInt(Shards::rows).sum();
    }
}
