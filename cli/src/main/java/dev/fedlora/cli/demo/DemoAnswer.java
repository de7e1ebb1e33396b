package dev.fedlora.cli.demo;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.command.Answer;
import java.util.ArrayList;
import java.util.List;

/** The demonstration's result for programs and for people. */
final class DemoAnswer {
    /** Its figures: the clients that must help to unmask, all clients, those that may be dishonest. */
    private static final String SEEN_MASKED = """
            What the coordinator saw: who takes part, their public keys, sealed boxes that it cannot open, and one masked
            vector from each client a round: numbers modulo 2^32 that look like noise. It could unmask the sum of the
            survivors and nothing else, and only because at least %d of the %d clients gave it their shares, after
            checking signatures on the plan, the model and the list of survivors. A coordinator that reads everything, or
            lies, learns no single update of the others even when %d of the clients help it.
            What it never saw: a note, a label, a loss, or how many examples a client has.
            """;

    private static final String SEEN_IN_THE_CLEAR = """
            What the coordinator saw: who takes part, and each client's update IN THE CLEAR with its weight, because secure
            aggregation was turned off. Updates can give away examples that they were trained on.
            What it never saw: a note, a label or a loss.
            """;

    private DemoAnswer() {}

    static Answer of(DemoResult result) {
        return Answer.of(json(result), text(result));
    }

    private static ObjectNode json(DemoResult result) {
        ObjectNode json = Answer.object();
        json.put("accuracy", result.accuracy());
        json.put("baseAccuracy", result.data().majorityAccuracy());
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
            entry.put("localOnlyAccuracy", result.alone().get(i));
        }
        ArrayNode rounds = json.putArray("rounds");
        for (RoundRow row : result.rounds()) {
            ObjectNode entry = rounds.addObject();
            entry.put("round", row.round());
            entry.put("survivors", row.survivors());
            entry.put("loss", row.loss());
            entry.put("accuracy", row.accuracy());
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
        lines.add("  " + result.export().peft() + "   Hugging Face PEFT, with the classifier head");
        lines.add("  " + result.export().gguf() + "   llama.cpp, without the head");
        return String.join(System.lineSeparator(), lines);
    }

    private static void addComparison(List<String> lines, DemoResult result) {
        lines.add("Accuracy on the common test set of %d examples, %d labels:"
                .formatted(result.data().test().size(), result.data().labels().size()));
        lines.add(bar("base: always the most frequent label", result.data().majorityAccuracy()));
        for (int i = 0; i < result.alone().size(); i++) {
            Owner owner = result.data().owners().get(i);
            lines.add(bar(
                    "%s alone, %d examples"
                            .formatted(owner.name(), owner.examples().size()),
                    result.alone().get(i)));
        }
        lines.add(bar("federation of %d".formatted(result.alone().size()), result.accuracy()));
        lines.add("Alone means: same first adapter, same settings, same number of passes over its own data.");
    }

    private static String bar(String name, double accuracy) {
        return "  %-44s %.4f  %s".formatted(name, accuracy, "#".repeat((int) Math.round(accuracy * 40)));
    }

    private static void addServersView(List<String> lines, DemoResult result) {
        boolean masked = result.settings().secureAggregation();
        (masked ? seenMasked(result.data().owners().size()) : SEEN_IN_THE_CLEAR)
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

    private static String seenMasked(int clients) {
        return SEEN_MASKED.formatted(DemoTask.threshold(clients), clients, DemoTask.corrupt(clients));
    }

    private static String delta(DemoResult result) {
        return result.settings().budget() == null
                ? "-"
                : String.valueOf(result.settings().budget().delta());
    }
}
