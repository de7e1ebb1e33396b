package dev.fedlora.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The answers of both programs, and fedlora's tokens a second over PyTorch's of the same turn; of all turns, the
 * medians.
 */
final class Comparison {
    private static final String SPEED = "tokensPerSecond";
    private static final String MEMORY = "peakResidentBytes";

    private final Job job;
    private final List<JsonNode> fedlora = new ArrayList<>();
    private final Map<BaseType, List<JsonNode>> peers = new EnumMap<>(BaseType.class);

    Comparison(Job job, List<BaseType> types) {
        this.job = job;
        types.forEach(type -> peers.put(type, new ArrayList<>()));
    }

    /** @throws IllegalArgumentException if the answer has no speed */
    void addFedlora(JsonNode answer) {
        fedlora.add(checked("fedlora", answer));
    }

    /** @throws IllegalArgumentException if the answer has no speed, or is not PyTorch's for that type */
    void addPeer(BaseType type, JsonNode answer) {
        if (!answer.path("type").asText().equals(type.toString())) {
            throw new IllegalArgumentException(
                    "PyTorch's answer: type must be %s, got %s".formatted(type, answer.path("type")));
        }
        peers.computeIfAbsent(type, key -> new ArrayList<>()).add(checked("PyTorch", answer));
    }

    ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("shape", job.shape().label());
        json.put("batch", job.batch());
        json.put("tokens", job.tokens());
        json.put("threads", job.threads());
        json.put("machine", latest(fedlora).path("machine").asText());
        describe(fedlora, json.putObject("fedlora"));
        ObjectNode all = json.putObject("pytorch");
        peers.forEach((type, answers) -> {
            ObjectNode peer = all.putObject(type.toString());
            describe(answers, peer);
            List<Double> ratios = ratios(answers);
            peer.put("ratio", median(ratios));
            ratios.forEach(peer.putArray("ratios")::add);
        });
        return json;
    }

    String text() {
        List<String> lines = new ArrayList<>();
        lines.add("%s, %d x %d tokens a step, %d threads, median of %d runs each"
                .formatted(job.shape().label(), job.batch(), job.tokens(), job.threads(), fedlora.size()));
        lines.add(line("fedlora, " + latest(fedlora).path("backend").asText(), fedlora));
        peers.forEach((type, answers) -> {
            lines.add(line(latest(answers).path("backend").asText() + " " + type, answers));
            List<Double> ratios = ratios(answers);
            lines.add(format(
                    "fedlora is %.2f times as fast as PyTorch %s (by turn: %s)",
                    median(ratios), type, joined(ratios, "%.2f")));
        });
        return String.join(System.lineSeparator(), lines);
    }

    private static String line(String name, List<JsonNode> answers) {
        List<Double> speeds = values(answers, SPEED);
        return format(
                "%-28s %7.1f tokens/s (%s), %.2f GB resident at most",
                name, median(speeds), joined(speeds, "%.1f"), median(values(answers, MEMORY)) / 1e9);
    }

    private static void describe(List<JsonNode> answers, ObjectNode into) {
        into.put("backend", latest(answers).path("backend").asText());
        List<Double> speeds = values(answers, SPEED);
        into.put(SPEED, median(speeds));
        into.put(MEMORY, Math.round(median(values(answers, MEMORY))));
        speeds.forEach(into.putArray("runs")::add);
    }

    private List<Double> ratios(List<JsonNode> answers) {
        List<Double> ours = values(fedlora, SPEED);
        List<Double> theirs = values(answers, SPEED);
        return IntStream.range(0, Math.min(ours.size(), theirs.size()))
                .mapToObj(i -> ours.get(i) / theirs.get(i))
                .toList();
    }

    private static JsonNode checked(String program, JsonNode answer) {
        if (!(answer.path(SPEED).asDouble() > 0)) {
            throw new IllegalArgumentException(
                    "%s's answer: %s must be a positive number, got %s".formatted(program, SPEED, answer.path(SPEED)));
        }
        return answer;
    }

    private static JsonNode latest(List<JsonNode> answers) {
        return answers.get(answers.size() - 1);
    }

    private static List<Double> values(List<JsonNode> answers, String field) {
        return answers.stream().map(answer -> answer.path(field).asDouble()).toList();
    }

    private static String joined(List<Double> values, String format) {
        return values.stream().map(value -> format(format, value)).collect(Collectors.joining(" "));
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    /** Of at least one value; of an even number, the mean of the middle two. */
    static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int half = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(half) : (sorted.get(half - 1) + sorted.get(half)) / 2;
    }
}
