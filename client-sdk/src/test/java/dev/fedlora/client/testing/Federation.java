package dev.fedlora.client.testing;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.AggregationSpec;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.LocalTraining;
import dev.fedlora.aggregation.wire.PhaseDeadlines;
import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.aggregation.wire.RosterEntry;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.aggregation.wire.Weighting;
import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Keys, roster and task of a small federation, and the adapter it starts from: ten parameters, all zero. */
public final class Federation {
    /** Number of parameters of the adapter. */
    public static final int PARAMETERS = 10;

    /** Examples from which on a client weighs 1. */
    public static final int WEIGHT_CAP = 40;

    private static final String BASE = "ab".repeat(32);

    private final SecureRandom random = new SecureRandom();
    private final IdentityKeys coordinator = IdentityKeys.generate(random);
    private final List<IdentityKeys> clients = new ArrayList<>();
    private final Roster roster;

    /** Makes a federation of clients 1 to {@code size}. */
    public Federation(int size) {
        List<RosterEntry> entries = new ArrayList<>();
        for (int i = 1; i <= size; i++) {
            IdentityKeys keys = IdentityKeys.generate(random);
            clients.add(keys);
            entries.add(new RosterEntry(i, "client-" + i, Bytes.of(keys.publicKey())));
        }
        this.roster = new Roster(entries);
    }

    /** Returns the coordinator's keys. */
    public IdentityKeys coordinator() {
        return coordinator;
    }

    /** Returns the coordinator's public key. */
    public Bytes coordinatorKey() {
        return Bytes.of(coordinator.publicKey());
    }

    /** Returns the keys of client {@code id}. */
    public IdentityKeys client(long id) {
        return clients.get((int) id - 1);
    }

    /** Returns the roster. */
    public Roster roster() {
        return roster;
    }

    /** Returns a task of secure aggregation, weighted by examples, without privacy. */
    public TaskSpec task(int rounds) {
        return task(rounds, Protocol.SECAGG, 3, null);
    }

    /** Returns a task of three rounds with a privacy budget of {@code epsilon}. */
    public TaskSpec privateTask(double epsilon) {
        return task(3, Protocol.SECAGG, 3, new PrivacySpec(epsilon, 1e-6, 2.0, 1.0, 0.1, 5, "record"));
    }

    /** Returns a task. */
    public TaskSpec task(int rounds, Protocol protocol, int minimumSurvivors, @Nullable PrivacySpec privacy) {
        return new TaskSpec(
                "line",
                "north",
                "bert",
                BASE,
                new AdapterSpec(1, 1, List.of("attn_q")),
                List.of("no", "yes"),
                16,
                rounds,
                new LocalTraining(0.05, 0.05, 8, 1, 7),
                new AggregationSpec(
                        protocol,
                        minimumSurvivors,
                        0,
                        4.0,
                        privacy == null ? Weighting.EXAMPLES : Weighting.UNIFORM,
                        WEIGHT_CAP,
                        PhaseDeadlines.of(Duration.ofMinutes(2), Duration.ofMinutes(1))),
                privacy);
    }

    /** Returns the adapter that a task starts from. */
    public static LoraAdapter adapter() {
        LoraFactors factors = new LoraFactors("blk.0.attn_q.weight", 1, 2, 2, new float[2], new float[2]);
        ClassifierHead head = ClassifierHead.zeros(List.of("no", "yes"), 2);
        return new LoraAdapter("bert", BASE, new AdapterSpec(1, 1, List.of("attn_q")), List.of(factors), head);
    }
}
