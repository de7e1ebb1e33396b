package dev.fedlora.cli.demo;

import dev.fedlora.examples.triage.SyntheticTriageNotes;
import dev.fedlora.lora.data.Example;
import dev.fedlora.lora.data.JsonlData;
import dev.fedlora.lora.data.JsonlExamples;
import dev.fedlora.lora.data.JsonlPrompts;
import dev.fedlora.lora.data.OwnedExample;
import dev.fedlora.lora.data.PromptExample;
import dev.fedlora.lora.file.MalformedFileException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the clients train on and what everything is tested on.
 *
 * @param source in words, for people
 * @param owners one for each client, the largest first unless synthetic
 * @param labels of all, sorted; none where examples are prompts
 * @param test the common test set
 */
record DemoData(String source, List<Owner> owners, List<String> labels, List<? extends OwnedExample> test) {
    private static final int USUAL_CLIENTS = 9;
    private static final int NOTES_A_DEPARTMENT = 80; // a third of it is a round: enough for four steps of seven or so
    private static final int TEST_NOTES = 315; // five times nine departments by seven labels

    DemoData {
        owners = List.copyOf(owners);
        labels = List.copyOf(labels);
        test = List.copyOf(test);
    }

    /** Returns notes that are made up, of {@code clients} departments. */
    static DemoData synthetic(@Nullable Integer clients, long seed) {
        SyntheticTriageNotes notes = new SyntheticTriageNotes(seed);
        List<Owner> owners = notes.training(NOTES_A_DEPARTMENT).entrySet().stream()
                .map(entry -> new Owner(entry.getKey(), List.copyOf(entry.getValue())))
                .toList();
        return new DemoData(
                "SYNTHETIC triage notes, made up by this program (seed %d); they are about nobody".formatted(seed),
                first(owners, clients, "there are %d departments".formatted(owners.size())),
                SyntheticTriageNotes.labels(),
                notes.test(TEST_NOTES));
    }

    /**
     * Reads files. Clients are told apart by the field {@code client}; where no line has it, the examples are dealt out in
     * turn.
     *
     * @param clients how many take part, the largest first; null for all, or for nine where the examples are dealt out
     * @throws IllegalArgumentException when a line is bad or there are fewer clients than asked for
     */
    static DemoData read(Path data, Path test, @Nullable Integer clients) throws IOException {
        List<OwnedExample> examples = JsonlData.read(data);
        long named = examples.stream().filter(e -> e.client() != null).count();
        if (named > 0 && named < examples.size()) {
            throw new MalformedFileException(
                    data,
                    "%d of %d lines lack the field \"client\": all lines need it, or none"
                            .formatted(examples.size() - named, examples.size()));
        }
        List<Owner> owners = named > 0 ? byName(examples) : dealt(examples, clients);
        List<Owner> chosen = first(owners, clients, "%s holds the data of %d clients".formatted(data, owners.size()));
        if (examples.get(0) instanceof PromptExample) {
            return new DemoData(data.toString(), chosen, List.of(), JsonlPrompts.read(test));
        }
        List<String> labels = JsonlExamples.labels(labelled(chosen).toList());
        return new DemoData(data.toString(), chosen, labels, JsonlExamples.read(test, labels));
    }

    private static Stream<Example> labelled(List<Owner> owners) {
        return owners.stream().flatMap(owner -> owner.examples().stream()).map(Example.class::cast);
    }

    /** Returns what adapters are compared by. */
    Measure measure() {
        return labels.isEmpty() ? Measure.PERPLEXITY : Measure.ACCURACY;
    }

    /** Returns the number of training examples. */
    int examples() {
        return owners.stream().mapToInt(owner -> owner.examples().size()).sum();
    }

    /** Returns how often the most frequent training label is right on the test set; of labelled texts alone. */
    double majorityAccuracy() {
        Map<String, Long> counts =
                labelled(owners).collect(Collectors.groupingBy(Example::label, Collectors.counting()));
        String majority = labels.stream()
                .max(Comparator.comparingLong(label -> counts.getOrDefault(label, 0L)))
                .orElseThrow();
        long right = test.stream()
                .filter(e -> ((Example) e).label().equals(majority))
                .count();
        return (double) right / test.size();
    }

    private static List<Owner> byName(List<OwnedExample> examples) {
        Map<String, List<OwnedExample>> byClient = new LinkedHashMap<>();
        for (OwnedExample example : examples) {
            byClient.computeIfAbsent(String.valueOf(example.client()), name -> new ArrayList<>())
                    .add(example);
        }
        List<Owner> owners = new ArrayList<>();
        for (Map.Entry<String, List<OwnedExample>> entry : byClient.entrySet()) {
            owners.add(new Owner(entry.getKey(), entry.getValue()));
        }
        owners.sort(Comparator.comparingInt((Owner owner) -> owner.examples().size())
                .reversed()
                .thenComparing(Owner::name));
        return owners;
    }

    private static List<Owner> dealt(List<OwnedExample> examples, @Nullable Integer clients) {
        int owners = Math.min(clients == null ? USUAL_CLIENTS : clients, examples.size());
        List<List<OwnedExample>> hands = new ArrayList<>();
        for (int i = 0; i < owners; i++) {
            hands.add(new ArrayList<>());
        }
        for (int i = 0; i < examples.size(); i++) {
            hands.get(i % owners).add(examples.get(i));
        }
        List<Owner> dealt = new ArrayList<>();
        for (List<OwnedExample> hand : hands) {
            dealt.add(new Owner("client-" + (dealt.size() + 1), hand));
        }
        return dealt;
    }

    private static List<Owner> first(List<Owner> owners, @Nullable Integer clients, String known) {
        if (clients == null) {
            return owners;
        }
        if (clients > owners.size()) {
            throw new IllegalArgumentException("--clients is %d, but %s".formatted(clients, known));
        }
        return owners.subList(0, clients);
    }
}
