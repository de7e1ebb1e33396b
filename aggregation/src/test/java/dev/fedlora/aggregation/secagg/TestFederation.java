package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.AggregationSpec;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.LocalTraining;
import dev.fedlora.aggregation.wire.PhaseDeadlines;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.aggregation.wire.RosterEntry;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.SignedPlan;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.aggregation.wire.Weighting;
import dev.fedlora.lora.AdapterSpec;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A coordinator key, clients with ids 10, 20, 30 ... and a task: what every test of a round starts from. */
final class TestFederation {
    static final SecureRandom RANDOM = new SecureRandom();

    final IdentityKeys coordinator = IdentityKeys.generate(RANDOM);
    final Map<Long, IdentityKeys> identities = new TreeMap<>();
    final Roster roster;
    final TaskSpec task;

    TestFederation(int clients, Protocol protocol, int minimumSurvivors, int corrupt) {
        List<RosterEntry> entries = new ArrayList<>();
        for (long id = 10; id <= 10L * clients; id += 10) {
            IdentityKeys keys = IdentityKeys.generate(RANDOM);
            identities.put(id, keys);
            entries.add(new RosterEntry(id, "client-" + id, Bytes.of(keys.publicKey())));
        }
        this.roster = new Roster(entries);
        this.task = task(protocol, minimumSurvivors, corrupt);
    }

    static TestFederation of(int clients) {
        return new TestFederation(clients, Protocol.SECAGG, 2, 0);
    }

    static TaskSpec task(Protocol protocol, int minimumSurvivors, int corrupt) {
        return new TaskSpec(
                "triage",
                "north",
                "bert",
                "ab".repeat(32),
                new AdapterSpec(8, 16, List.of("attn_q", "attn_v")),
                List.of("a", "b"),
                128,
                9,
                new LocalTraining(1e-3, 1e-2, 8, 0.3, 7),
                new AggregationSpec(
                        protocol,
                        minimumSurvivors,
                        corrupt,
                        1.0,
                        Weighting.EXAMPLES,
                        1000,
                        PhaseDeadlines.of(Duration.ofMinutes(1), Duration.ofSeconds(5))),
                null);
    }

    RoundPlan plan(int dimension) {
        return plan(1, dimension);
    }

    RoundPlan plan(long round, int dimension) {
        return RoundPlans.plan(
                task, roster, new RoundPlans.Start(round, Bytes.sha256(new byte[] {1, 2, 3}), dimension - 1), RANDOM);
    }

    PlanChecks.Known known() {
        ClientPolicy policy = new ClientPolicy(3, 2, 0, task.aggregation().protocol());
        return new PlanChecks.Known(Bytes.of(coordinator.publicKey()), roster, task, 0, policy);
    }

    CheckedPlan checked(RoundPlan plan) {
        return PlanChecks.check(SignedPlan.sign(plan, coordinator), known());
    }

    ClientSession client(RoundPlan plan, long id) {
        return new ClientSession(checked(plan), id, identities.get(id), RANDOM);
    }
}
