package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.wire.Protocol;

/**
 * What a client itself insists on, whatever task and coordinator say.
 *
 * @param minimumClients least number of clients a round must admit
 * @param minimumSurvivors least number of updates a sum must hold
 * @param corruptClients how many others it expects to work with the coordinator; the plan's threshold must hold against
 *     as many
 * @param requiredProtocol {@link Protocol#SECAGG} refuses rounds in the clear; {@link Protocol#PLAIN} accepts both
 */
public record ClientPolicy(int minimumClients, int minimumSurvivors, int corruptClients, Protocol requiredProtocol) {
    /** Three clients, two survivors, nobody corrupt, masked: the least that secure aggregation can mean. */
    public static final ClientPolicy LEAST = new ClientPolicy(3, 2, 0, Protocol.SECAGG);

    /** @throws IllegalArgumentException when a number is out of its range */
    public ClientPolicy {
        if (minimumClients < 1 || minimumSurvivors < 1 || corruptClients < 0) {
            throw new IllegalArgumentException(
                    "policy: minimumClients and minimumSurvivors must be at least 1 and corruptClients at least 0, got "
                            + minimumClients + ", " + minimumSurvivors + ", " + corruptClients);
        }
    }
}
