package dev.fedlora.simulations.experiment;

import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.Weighting;

/**
 * How an experiment aggregates, before the number of clients is known.
 *
 * @param protocol masked or in the clear
 * @param minimumSurvivors least number of updates in a sum; 0 for all clients
 * @param corruptClients clients assumed to work with a malicious coordinator
 * @param clippingBound L2 norm that an update is clipped to
 * @param weighting what an update weighs
 * @param weightCap number of examples from which on a client weighs 1; 0 for the most that any client passes over
 */
public record AggregationChoice(
        Protocol protocol,
        int minimumSurvivors,
        int corruptClients,
        double clippingBound,
        Weighting weighting,
        int weightCap) {}
