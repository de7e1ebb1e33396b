package dev.fedlora.simulations;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.AggregationSpec;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.PhaseDeadlines;
import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.aggregation.wire.RosterEntry;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.lora.data.Example;
import dev.fedlora.lora.data.OwnedExample;
import dev.fedlora.lora.model.BaseModel;
import dev.fedlora.simulations.experiment.AggregationChoice;
import dev.fedlora.simulations.experiment.Experiment;
import dev.fedlora.simulations.partition.ClientExamples;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The simulated clients with their keys, and the task as their number and sizes make it. Immutable. */
final class Cohort {
    // a phase ends when everybody has spoken; only a client that hangs would meet it
    private static final Duration DEADLINE = Duration.ofDays(1);

    private final List<ClientExamples> parts;
    private final List<IdentityKeys> keys = new ArrayList<>();
    private final Roster roster;

    Cohort(List<ClientExamples> parts, SecureRandom random) {
        this.parts = List.copyOf(parts);
        List<RosterEntry> entries = new ArrayList<>();
        for (long id = 1; id <= parts.size(); id++) {
            IdentityKeys own = IdentityKeys.generate(random);
            keys.add(own);
            // a roster takes fewer characters in names than data does
            entries.add(new RosterEntry(id, "client-" + id, Bytes.of(own.publicKey())));
        }
        this.roster = new Roster(entries);
    }

    int size() {
        return parts.size();
    }

    Roster roster() {
        return roster;
    }

    IdentityKeys keys(long id) {
        return keys.get((int) id - 1);
    }

    List<OwnedExample> examples(long id) {
        return parts.get((int) id - 1).examples();
    }

    /** Returns the clients as metrics show them. */
    List<SimulationMetrics.Client> clients() {
        List<SimulationMetrics.Client> clients = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            List<OwnedExample> own = parts.get(i).examples();
            clients.add(new SimulationMetrics.Client(i + 1L, parts.get(i).client(), own.size(), labels(own)));
        }
        return clients;
    }

    private static @Nullable SortedMap<String, Integer> labels(List<OwnedExample> examples) {
        SortedMap<String, Integer> labels = new TreeMap<>();
        for (OwnedExample example : examples) {
            if (example instanceof Example labelled) {
                labels.merge(labelled.label(), 1, Integer::sum);
            }
        }
        return labels.isEmpty() ? null : labels;
    }

    /** @throws IllegalArgumentException naming everything that makes no valid task of the experiment */
    TaskSpec task(Experiment experiment, BaseModel model, List<String> labels) {
        AggregationChoice choice = experiment.aggregation();
        int largest =
                parts.stream().mapToInt(part -> part.examples().size()).max().orElse(1);
        int inRound =
                Math.max(1, (int) Math.floor(largest * experiment.training().dataFraction()));
        return new TaskSpec(
                        experiment.name(),
                        "simulation",
                        model.architecture(),
                        model.sha256(),
                        experiment.adapter(),
                        labels,
                        experiment.maxTokens(),
                        experiment.rounds(),
                        experiment.training(),
                        new AggregationSpec(
                                choice.protocol(),
                                choice.minimumSurvivors() == 0 ? size() : choice.minimumSurvivors(),
                                choice.corruptClients(),
                                choice.clippingBound(),
                                choice.weighting(),
                                choice.weightCap() == 0 ? inRound : choice.weightCap(),
                                PhaseDeadlines.of(DEADLINE, DEADLINE)),
                        experiment.privacy(),
                        experiment.template())
                .validate();
    }
}
