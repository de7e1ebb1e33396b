package dev.fedlora.coordinator.testing;

import dev.fedlora.aggregation.wire.AggregationSpec;
import dev.fedlora.aggregation.wire.LocalTraining;
import dev.fedlora.aggregation.wire.PhaseDeadlines;
import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.aggregation.wire.Weighting;
import dev.fedlora.lora.AdapterSpec;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Small tasks over {@link Adapters#initial()}. */
public final class Tasks {
    /** Long enough that a busy machine never meets it in a test that expects everybody to answer. */
    public static final PhaseDeadlines GENEROUS = PhaseDeadlines.of(Duration.ofMinutes(5), Duration.ofMinutes(5));

    private Tasks() {}

    /** A task under secure aggregation with at least 3 survivors and no privacy guarantee. */
    public static TaskSpec secure(String name, int rounds) {
        return task(name, rounds, aggregation(Protocol.SECAGG, 3), null);
    }

    /** The same task in the clear. */
    public static TaskSpec plain(String name, int rounds) {
        return task(name, rounds, aggregation(Protocol.PLAIN, 3), null);
    }

    /** How updates are aggregated: clip 1, no corrupt clients, uniform weights. */
    public static AggregationSpec aggregation(Protocol protocol, int minimumSurvivors) {
        return new AggregationSpec(protocol, minimumSurvivors, 0, 1.0, Weighting.UNIFORM, 1, GENEROUS);
    }

    /** A task with these terms. */
    public static TaskSpec task(String name, int rounds, AggregationSpec aggregation, @Nullable PrivacySpec privacy) {
        return new TaskSpec(
                name,
                "test-federation",
                "bert",
                Adapters.BASE_SHA256,
                new AdapterSpec(2, 4f, List.of("attn_q")),
                List.of("calm", "urgent"),
                64,
                rounds,
                new LocalTraining(1e-3, 1e-2, 8, 0.5, 7),
                aggregation,
                privacy);
    }
}
