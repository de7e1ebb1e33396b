package dev.fedlora.simulations;

import java.util.List;
import java.util.Map;

/**
 * What an experiment took on this machine, this time.
 *
 * @param java version
 * @param system name and architecture
 * @param processors of the machine
 * @param threads that computed
 * @param seconds of the whole experiment
 * @param rounds in order
 */
public record SimulationTimings(
        String java, String system, int processors, int threads, double seconds, List<Round> rounds) {
    public SimulationTimings {
        rounds = List.copyOf(rounds);
    }

    /**
     * One round.
     *
     * @param round number
     * @param phases seconds that each phase was open; training is in the first
     * @param aggregationSeconds to unmask, decode, apply and store
     * @param evaluationSeconds on the test set
     * @param bytesUp bodies to the coordinator, of all clients
     * @param bytesDown bodies from the coordinator, of all clients
     */
    public record Round(
            long round,
            Map<String, Double> phases,
            double aggregationSeconds,
            double evaluationSeconds,
            long bytesUp,
            long bytesDown) {}
}
