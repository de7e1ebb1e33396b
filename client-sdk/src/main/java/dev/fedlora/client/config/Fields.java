package dev.fedlora.client.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The fields of one object of a configuration. A reading method that finds a mistake notes it and returns a value that
 * is in range, so that reading goes on and {@link #finish} can report everything at once.
 *
 * <p>Not thread-safe.
 */
public final class Fields {
    private final String source;
    private final String prefix;
    private final ObjectNode object;
    private final List<String> mistakes;
    private final Set<String> known = new HashSet<>();
    private final List<Fields> children = new ArrayList<>();

    private Fields(String source, String prefix, ObjectNode object, List<String> mistakes) {
        this.source = source;
        this.prefix = prefix;
        this.object = object;
        this.mistakes = mistakes;
    }

    /**
     * Returns the fields of {@code root}.
     *
     * @param source how messages call the whole, usually a file name
     * @throws ConfigurationException when {@code root} is not an object
     */
    public static Fields of(String source, @Nullable JsonNode root) {
        if (!(root instanceof ObjectNode object)) {
            throw new ConfigurationException(source, List.of("expected an object of named fields, got " + kind(root)));
        }
        return new Fields(source, "", object, new ArrayList<>());
    }

    /**
     * Reads and parses a file.
     *
     * @param mapper of the file's format, JSON or YAML
     * @throws ConfigurationException when the file is not well formed
     * @throws IOException when the file cannot be read; the message names it
     */
    public static Fields read(Path file, ObjectMapper mapper) throws IOException {
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new IOException(file + ": there is no such file", e);
        }
        try {
            return of(
                    file.toString(),
                    mapper.reader(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                            .with(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
                            .readTree(bytes));
        } catch (JsonProcessingException e) {
            String where =
                    e.getLocation() == null ? "" : "line " + e.getLocation().getLineNr() + ": ";
            throw new ConfigurationException(file.toString(), List.of(where + e.getOriginalMessage()));
        }
    }

    /** Returns the whole configuration's name, as messages call it. */
    public String source() {
        return source;
    }

    /** Says whether the field is there and not null. */
    public boolean has(String name) {
        return find(name) != null;
    }

    /** Reads a required whole number in [least, most]. */
    public long whole(String name, long least, long most) {
        JsonNode value = required(name, "a whole number");
        if (value == null) {
            return least;
        }
        if (!value.isIntegralNumber()
                || !value.canConvertToLong()
                || value.longValue() < least
                || value.longValue() > most) {
            wrong(name, "a whole number from " + least + " to " + most, value);
            return least;
        }
        return value.longValue();
    }

    /** Reads a whole number in [least, most], or takes {@code otherwise} when the field is absent. */
    public long whole(String name, long least, long most, long otherwise) {
        return has(name) ? whole(name, least, most) : absent(name, otherwise);
    }

    /** Reads a required finite number in [least, most]. */
    public double number(String name, double least, double most) {
        JsonNode value = required(name, "a number");
        if (value == null) {
            return least;
        }
        double got = value.isNumber() ? value.doubleValue() : Double.NaN;
        if (!(got >= least && got <= most)) {
            wrong(name, "a number from " + least + " to " + most, value);
            return least;
        }
        return got;
    }

    /** Reads a finite number in [least, most], or takes {@code otherwise} when the field is absent. */
    public double number(String name, double least, double most, double otherwise) {
        return has(name) ? number(name, least, most) : absent(name, otherwise);
    }

    /** Reads true or false, or takes {@code otherwise} when the field is absent. */
    public boolean flag(String name, boolean otherwise) {
        JsonNode value = find(name);
        if (value == null) {
            return otherwise;
        }
        if (!value.isBoolean()) {
            wrong(name, "true or false", value);
        }
        return value.asBoolean(otherwise);
    }

    /** Reads a required text that is not blank. */
    public String text(String name) {
        JsonNode value = required(name, "a text");
        if (value == null) {
            return "";
        }
        if (!value.isTextual() || value.textValue().isBlank()) {
            wrong(name, "a text that is not blank", value);
            return "";
        }
        return value.textValue();
    }

    /** Reads a text that is not blank, or takes {@code otherwise} when the field is absent. */
    public @Nullable String text(String name, @Nullable String otherwise) {
        known.add(name);
        return has(name) ? text(name) : otherwise;
    }

    /** Reads a required list of at least one text, none blank. A single text counts as a list of one. */
    public List<String> texts(String name) {
        JsonNode value = required(name, "a list of texts");
        if (value == null) {
            return List.of();
        }
        List<String> texts = new ArrayList<>();
        Iterable<JsonNode> items = value.isArray() ? value : List.of(value);
        for (JsonNode item : items) {
            if (!item.isTextual() || item.textValue().isBlank()) {
                wrong(name, "a list of texts that are not blank", value);
                return List.of();
            }
            texts.add(item.textValue());
        }
        if (texts.isEmpty()) {
            wrong(name, "a list of at least one text", value);
        }
        return texts;
    }

    /** Reads one of an enum's constants, upper or lower case, or takes {@code otherwise} when the field is absent. */
    public <E extends Enum<E>> E choice(String name, Class<E> choices, E otherwise) {
        JsonNode value = find(name);
        if (value == null) {
            return otherwise;
        }
        for (E constant : choices.getEnumConstants()) {
            if (value.isTextual() && constant.name().equalsIgnoreCase(value.textValue())) {
                return constant;
            }
        }
        String allowed = String.join(
                ", ",
                Arrays.stream(choices.getEnumConstants())
                        .map(c -> c.name().toLowerCase(Locale.ROOT))
                        .toList());
        wrong(name, "one of " + allowed, value);
        return otherwise;
    }

    /**
     * Returns the fields of a required inner object; its mistakes are reported with this object's. Of an object that is
     * missing or not an object, that alone is reported.
     */
    public Fields object(String name) {
        JsonNode value = required(name, "an object of named fields");
        if (value instanceof ObjectNode inner) {
            return child(name, inner, mistakes);
        }
        if (value != null) {
            wrong(name, "an object of named fields", value);
        }
        return child(name, JsonNodeFactory.instance.objectNode(), new ArrayList<>());
    }

    /** Returns the fields of an inner object, of an empty one when the field is absent. */
    public Fields objectOrEmpty(String name) {
        return has(name) ? object(name) : child(name, JsonNodeFactory.instance.objectNode(), mistakes);
    }

    private Fields child(String name, ObjectNode inner, List<String> into) {
        Fields child = new Fields(source, prefix + name + ".", inner, into);
        children.add(child);
        return child;
    }

    /**
     * Notes a mistake that only the reader of the fields can see, such as two fields that contradict each other.
     *
     * @param message begins with the field's name
     */
    public void mistake(String message) {
        mistakes.add(prefix + message);
    }

    /**
     * Ends the reading.
     *
     * @throws ConfigurationException when there was any mistake or any field was never asked for
     */
    public void finish() {
        List<String> all = new ArrayList<>(mistakes);
        unknown(all);
        if (!all.isEmpty()) {
            throw new ConfigurationException(source, all);
        }
    }

    private void unknown(List<String> all) {
        object.fieldNames().forEachRemaining(name -> {
            if (!known.contains(name)) {
                all.add("%s%s: there is no such field, allowed are %s".formatted(prefix, name, new TreeSet<>(known)));
            }
        });
        children.forEach(child -> child.unknown(all));
    }

    private <T> T absent(String name, T otherwise) {
        known.add(name);
        return otherwise;
    }

    private @Nullable JsonNode find(String name) {
        known.add(name);
        JsonNode value = object.get(name);
        return value == null || value.isNull() ? null : value;
    }

    private @Nullable JsonNode required(String name, String expected) {
        JsonNode value = find(name);
        if (value == null) {
            mistakes.add("%s%s: missing, expected %s".formatted(prefix, name, expected));
        }
        return value;
    }

    private void wrong(String name, String expected, JsonNode got) {
        mistakes.add("%s%s: expected %s, got %s".formatted(prefix, name, expected, got));
    }

    private static String kind(@Nullable JsonNode node) {
        return node == null || node.isMissingNode()
                ? "nothing"
                : node.getNodeType().name().toLowerCase(Locale.ROOT);
    }
}
