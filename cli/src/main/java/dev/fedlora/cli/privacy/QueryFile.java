package dev.fedlora.cli.privacy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.privacy.accounting.Accountants;
import dev.fedlora.privacy.accounting.NoiseKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/**
 * Questions in a file, a JSON object a line: {@code noiseMultiplier}, {@code samplingRate}, {@code steps}, {@code delta}
 * and, where wanted, {@code accountant} and {@code noise}. Blank lines are passed over; anything else is refused with its
 * line number.
 */
final class QueryFile {
    private static final ObjectReader JSON =
            new ObjectMapper().readerFor(JsonNode.class).with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    private static final Set<String> FIELDS =
            Set.of("noiseMultiplier", "samplingRate", "steps", "delta", "accountant", "noise");

    private final Path file;
    private int line;

    private QueryFile(Path file) {
        this.file = file;
    }

    /** Returns the epsilon of each question, in their order. */
    static List<Double> answers(Path file) throws IOException {
        return new QueryFile(file).answerAll();
    }

    private List<Double> answerAll() throws IOException {
        List<Double> answers = new ArrayList<>();
        for (String text : Files.readAllLines(file)) {
            line++;
            if (!text.isBlank()) {
                answers.add(answer(parse(text)));
            }
        }
        return answers;
    }

    private double answer(JsonNode question) {
        Set<String> unknown = new TreeSet<>();
        question.fieldNames().forEachRemaining(unknown::add);
        unknown.removeAll(FIELDS);
        if (!unknown.isEmpty()) {
            throw malformed("has fields %s, known are %s".formatted(unknown, new TreeSet<>(FIELDS)));
        }
        JsonNode steps = number(question, "steps");
        if (!steps.canConvertToExactIntegral() || !steps.canConvertToLong()) {
            throw malformed("steps must be a whole number, got " + steps);
        }
        try {
            return new EpsilonQuery(
                            number(question, "noiseMultiplier").doubleValue(),
                            number(question, "samplingRate").doubleValue(),
                            steps.longValue(),
                            number(question, "delta").doubleValue(),
                            question.path("accountant").asText(Accountants.DEFAULT),
                            noise(question.path("noise").asText(NoiseKind.CONTINUOUS.name())))
                    .epsilon();
        } catch (MalformedFileException known) {
            throw known;
        } catch (IllegalArgumentException refused) {
            throw malformed(String.valueOf(refused.getMessage()));
        }
    }

    private JsonNode parse(String text) {
        try {
            JsonNode question = JSON.readValue(text);
            if (question.isObject()) {
                return question;
            }
            throw malformed("is not a JSON object");
        } catch (JsonProcessingException notJson) {
            throw malformed("is not valid JSON: " + notJson.getOriginalMessage());
        }
    }

    private JsonNode number(JsonNode question, String field) {
        JsonNode value = question.get(field);
        if (value == null) {
            throw malformed("lacks the field \"" + field + "\"");
        }
        if (!value.isNumber()) {
            throw malformed("has a \"%s\" that is not a number: %s".formatted(field, value));
        }
        return value;
    }

    private NoiseKind noise(String name) {
        for (NoiseKind kind : NoiseKind.values()) {
            if (kind.name().equals(name.toUpperCase(Locale.ROOT))) {
                return kind;
            }
        }
        throw malformed("noise is \"" + name + "\", must be continuous or discrete");
    }

    private MalformedFileException malformed(String problem) {
        return new MalformedFileException(file + ", line " + line, problem);
    }
}
