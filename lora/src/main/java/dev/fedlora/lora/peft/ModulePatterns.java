package dev.fedlora.lora.peft;

import dev.fedlora.lora.file.MalformedFileException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A rank_pattern or alpha_pattern: values under regular expressions, as PEFT matches them. An expression means a module
 * when it matches the module's whole name, or what follows one of the dots in it; the first that does counts.
 *
 * <p>The expressions come out of a file, so each may take a bounded number of steps and no more.
 *
 * <p>Source: {@code get_pattern_key} of PEFT.
 */
final class ModulePatterns<T> {
    private static final int MAX_EXPRESSION = 1000; // characters; a module's name has some 50
    private static final int MAX_STEPS = 100_000; // characters looked at; an honest expression needs some 1000

    private final String source;
    private final String field;
    private final Map<Pattern, T> values = new LinkedHashMap<>();

    /**
     * @param source the file's name for errors
     * @param field the pattern's name for errors
     * @throws MalformedFileException when an expression is not one
     */
    ModulePatterns(String source, String field, Map<String, T> values) {
        this.source = source;
        this.field = field;
        values.forEach((expression, value) -> this.values.put(compile(expression), value));
    }

    /** Returns the value for {@code module}, if an expression means it. */
    Optional<T> find(String module) {
        for (Map.Entry<Pattern, T> entry : values.entrySet()) {
            if (matches(entry.getKey(), module)) {
                return Optional.of(entry.getValue());
            }
        }
        return Optional.empty();
    }

    private Pattern compile(String expression) {
        if (expression.length() > MAX_EXPRESSION) {
            throw new MalformedFileException(
                    source,
                    "%s has a key of %d characters, allowed are %d"
                            .formatted(field, expression.length(), MAX_EXPRESSION));
        }
        try {
            return Pattern.compile("(?:.*\\.)?(?:" + expression + ")");
        } catch (PatternSyntaxException notOne) {
            throw new MalformedFileException(
                    source,
                    "%s has the key %s, which is not a regular expression: %s"
                            .formatted(field, expression, notOne.getDescription()),
                    notOne);
        }
    }

    private boolean matches(Pattern pattern, String module) {
        try {
            return pattern.matcher(new CountedText(module)).matches();
        } catch (TooManyStepsException | StackOverflowError endless) {
            throw new MalformedFileException(
                    source, "%s has the key %s, which takes too long to match".formatted(field, pattern), endless);
        }
    }

    private static final class TooManyStepsException extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /** Text that can be looked at so many times: a regular expression can ask for 2ⁿ looks at n characters. */
    private static final class CountedText implements CharSequence {
        private final String text;
        private int steps;

        CountedText(String text) {
            this.text = text;
        }

        @Override
        public char charAt(int index) {
            if (++steps > MAX_STEPS) {
                throw new TooManyStepsException();
            }
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.subSequence(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
