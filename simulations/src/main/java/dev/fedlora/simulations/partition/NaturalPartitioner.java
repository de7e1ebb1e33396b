package dev.fedlora.simulations.partition;

import dev.fedlora.lora.data.OwnedExample;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Gives every example to the client that the data names as its owner. Takes no chance: the seed is not used. */
public record NaturalPartitioner() implements Partitioner {
    /** @throws IllegalArgumentException when an example names no client; the message says which one it is */
    @Override
    public List<ClientExamples> split(List<? extends OwnedExample> examples, long seed) {
        SortedMap<String, List<OwnedExample>> owners = new TreeMap<>();
        for (int i = 0; i < examples.size(); i++) {
            String client = examples.get(i).client();
            if (client == null) {
                throw new IllegalArgumentException(
                        "example %d of %d has no \"client\" field, which a natural partition needs"
                                .formatted(i + 1, examples.size()));
            }
            owners.computeIfAbsent(client, name -> new ArrayList<>()).add(examples.get(i));
        }
        return owners.entrySet().stream()
                .map(owner -> new ClientExamples(owner.getKey(), owner.getValue()))
                .toList();
    }
}
