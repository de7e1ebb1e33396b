import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Checks the answer of {@code ./fedlora demo --rounds 2 --drop 1 --json}; prints every problem, exits 1 if there is one. */
final class CheckDemo {
    private static final int CLIENTS = 9;
    private static final int DROPPED = 1;
    private static final int ROUNDS = 2;

    private final List<String> problems = new ArrayList<>();
    private final JsonNode answer;

    private CheckDemo(JsonNode answer) {
        this.answer = answer;
    }

    public static void main(String[] arguments) throws Exception {
        JsonNode answer = new ObjectMapper().readTree(Path.of(arguments[0]).toFile());
        List<String> problems = new CheckDemo(answer).run();
        problems.forEach(problem -> System.err.println("demo: " + problem));
        if (!problems.isEmpty()) {
            System.exit(1);
        }
        System.out.printf(
                "demo: %d rounds, accuracy %.4f (base %.4f)%n",
                ROUNDS, answer.get("accuracy").asDouble(), answer.get("baseAccuracy").asDouble());
    }

    private List<String> run() {
        require(answer.path("secureAggregation").asBoolean(), "secureAggregation must be true");
        double accuracy = answer.path("accuracy").asDouble(-1);
        double base = answer.path("baseAccuracy").asDouble(2);
        require(accuracy > base && accuracy <= 1, "accuracy must be above the base's %s, got %s", base, accuracy);
        require(answer.path("clients").size() == CLIENTS, "clients must be 9, got %s", answer.path("clients").size());
        require(answer.path("rounds").size() == ROUNDS, "rounds must be 2, got %s", answer.path("rounds").size());
        for (JsonNode round : answer.path("rounds")) {
            int survivors = round.path("survivors").asInt();
            require(survivors == CLIENTS - DROPPED, "survivors must be 8, got %s in %s", survivors, round);
            require(round.path("bytesUpPerClient").asLong() > 0, "bytesUpPerClient must be positive in %s", round);
            require(round.path("loss").isNumber() && round.path("seconds").isNumber(), "loss, seconds in %s", round);
        }
        for (String form : List.of("peft", "gguf")) {
            String path = answer.path("adapter").path(form).asText();
            require(!path.isEmpty() && Files.exists(Path.of(path)), "export %s must exist, got '%s'", form, path);
        }
        return problems;
    }

    private void require(boolean holds, String what, Object... values) {
        if (!holds) {
            problems.add(what.formatted(values));
        }
    }
}
