package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.encoding.UpdateEncoder;
import dev.fedlora.aggregation.wire.AggregationSpec;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.TaskSpec;
import java.security.SecureRandom;

/** Makes the plan of a round from its task: how the coordinator fills in every field that {@link PlanChecks} checks. */
public final class RoundPlans {
    private RoundPlans() {}

    /**
     * What a round starts from.
     *
     * @param number of the round, from 1
     * @param adapterHash SHA-256 of the adapter's bytes
     * @param parameters trainable values of the adapter
     */
    public record Start(long number, Bytes adapterHash, int parameters) {}

    /**
     * Returns the plan of one round for the whole roster.
     *
     * @throws IllegalArgumentException when task and roster do not go together, naming what does not
     */
    public static RoundPlan plan(TaskSpec task, Roster roster, Start start, SecureRandom random) {
        AggregationSpec aggregation = task.validate().aggregation();
        int clients = roster.size();
        GraphParameters graph = aggregation.protocol() == Protocol.SECAGG
                ? GraphParameters.forClients(clients, aggregation.corruptClients())
                : new GraphParameters(clients, 0, 0);
        byte[] nonce = new byte[32];
        random.nextBytes(nonce);
        return new RoundPlan(
                RoundPlan.VERSION,
                task.federation(),
                task.task(),
                start.number(),
                task.hash(),
                start.adapterHash(),
                roster.hash(),
                aggregation.protocol(),
                clients,
                graph.neighbours(),
                graph.threshold(),
                aggregation.minimumSurvivors(),
                aggregation.corruptClients(),
                start.parameters() + 1,
                RoundPlan.MODULUS_BITS,
                UpdateEncoder.largestScale(clients, aggregation.clippingBound()),
                aggregation.clippingBound(),
                aggregation.deadlines(),
                Bytes.of(nonce));
    }
}
