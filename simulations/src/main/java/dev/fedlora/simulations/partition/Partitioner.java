package dev.fedlora.simulations.partition;

import dev.fedlora.lora.data.OwnedExample;
import java.util.List;

/** Deals examples out to clients: every example goes to exactly one client and no client is left empty. Stateless. */
public sealed interface Partitioner permits NaturalPartitioner, DirichletPartitioner {
    /**
     * Returns the clients, sorted by name, each with its examples in their given order.
     *
     * @param examples of all clients together
     * @param seed of whatever chance the partition takes
     * @throws IllegalArgumentException when these examples cannot be partitioned this way
     */
    List<ClientExamples> split(List<? extends OwnedExample> examples, long seed);
}
