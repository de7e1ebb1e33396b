package dev.fedlora.cli.demo;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.command.Answer;
import java.util.ArrayList;
import java.util.List;

/** The demonstration's result for programs and for people. */
final class DemoAnswer {
    /** Its gaps: the clients that must help to unmask, all clients, those that may be dishonest, an example's parts. */
    private static final String SEEN_MASKED = """
            What the coordinator saw: who takes part, their public keys, sealed boxes that it cannot open, and one masked
            vector from each client a round: numbers modulo 2^32 that look like noise. It could unmask the sum of the
            survivors and nothing else, and only because at least %d of the %d clients gave it their shares, after
            checking signatures on the plan, the model and the list of survivors. A coordinator that reads everything, or
            lies, learns no single update of the others even when %d of the clients help it.
            What it never saw: %s, a loss, or how many examples a client has.
            """;

    /** Its gap: an example's parts. */
    private static final String SEEN_IN_THE_CLEAR = """
            What the coordinator saw: who takes part, and each client's update IN THE CLEAR with its weight, because secure
            aggregation was turned off. Updates can give away examples that they were trained on.
            What it never saw: %s or a loss.
            """;

    private DemoAnswer() {}

    static Answer of(DemoResult result) {
        return Answer.of(json(result), text(result));
    }

    private static ObjectNode json(DemoResult result) {
        ObjectNode json = Answer.object();
        Measure measure = result.data().measure();
        json.put(measure.field(), result.figure());
        json.put(measure.field("base"), result.base());
        json.put("secureAggregation", result.settings().secureAggregation());
        json.put(
                "epsilon",
                result.ledgers() == null ? null : (Double) result.ledgers().epsilon());
        ArrayNode clients = json.putArray("clients");
        for (int i = 0; i < result.alone().size(); i++) {
            Owner owner = result.data().owners().get(i);
            ObjectNode entry = clients.addObject();
            entry.put("client", owner.name());
            entry.put("examples", owner.examples().size());
            entry.put(measure.field("localOnly"), result.alone().get(i));
        }
        ArrayNode rounds = json.putArray("rounds");
        for (RoundRow row : result.rounds()) {
            ObjectNode entry = rounds.addObject();
            entry.put("round", row.round());
            entry.put("survivors", row.survivors());
            entry.put("loss", row.loss());
            entry.put(measure.field(), row.figure());
            entry.put("bytesUpPerClient", row.bytesUp());
            entry.put("epsilon", row.epsilon());
            entry.put("seconds", row.seconds());
        }
        result.export().addTo(json.putObject("adapter"));
        return json;
    }

    private static String text(DemoResult result) {
        List<String> lines = new ArrayList<>();
        lines.add("");
        addComparison(lines, result);
        lines.add("");
        addServersView(lines, result);
        lines.add("");
        lines.add("The adapter, for other software:");
        boolean hasHead = result.data().measure() == Measure.ACCURACY;
        lines.add(
                "  " + result.export().peft() + "   Hugging Face PEFT" + (hasHead ? ", with the classifier head" : ""));
        lines.add("  " + result.export().gguf() + "   llama.cpp" + (hasHead ? ", without the head" : ""));
        return String.join(System.lineSeparator(), lines);
    }

    private static void addComparison(List<String> lines, DemoResult result) {
        int tests = result.data().test().size();
        if (result.data().measure() == Measure.ACCURACY) {
            lines.add("Accuracy on the common test set of %d examples, %d labels:"
                    .formatted(tests, result.data().labels().size()));
            lines.add(bar(result, "base: always the most frequent label", result.base()));
        } else {
            lines.add("Perplexity of the responses of the common test set, %d prompts; lower is better:"
                    .formatted(tests));
            lines.add(bar(result, "base: without an adapter", result.base()));
        }
        for (int i = 0; i < result.alone().size(); i++) {
            Owner owner = result.data().owners().get(i);
            lines.add(bar(
                    result,
                    "%s alone, %d examples"
                            .formatted(owner.name(), owner.examples().size()),
                    result.alone().get(i)));
        }
        lines.add(bar(result, "federation of %d".formatted(result.alone().size()), result.figure()));
        lines.add("Alone means: same first adapter, same settings, same number of passes over its own data.");
    }

    private static String bar(DemoResult result, String name, double figure) {
        Measure measure = result.data().measure();
        return "  %-44s %s  %s".formatted(name, measure.words(figure), measure.bar(figure, result.base()));
    }

    private static void addServersView(List<String> lines, DemoResult result) {
        boolean masked = result.settings().secureAggregation();
        String parts = result.data().measure() == Measure.ACCURACY ? "a note, a label" : "a prompt, a response";
        (masked ? seenMasked(result.data().owners().size(), parts) : SEEN_IN_THE_CLEAR.formatted(parts))
                .lines()
                .forEach(lines::add);
        LedgerCheck ledgers = result.ledgers();
        if (ledgers == null) {
            lines.add(
                    "No differential privacy: the sum may still tell something about the data; --epsilon changes that.");
            return;
        }
        lines.add("Differential privacy of each example: epsilon %.6f at delta %s after %d rounds. The ledgers of the"
                .formatted(ledgers.epsilon(), delta(result), ledgers.rounds()));
        lines.add("coordinator and of all %d clients agree with the accountant.".formatted(ledgers.clients()));
    }

    private static String seenMasked(int clients, String parts) {
        return SEEN_MASKED.formatted(DemoTask.threshold(clients), clients, DemoTask.corrupt(clients), parts);
    }

    private static String delta(DemoResult result) {
        return result.settings().budget() == null
                ? "-"
                : String.valueOf(result.settings().budget().delta());
    }
}
