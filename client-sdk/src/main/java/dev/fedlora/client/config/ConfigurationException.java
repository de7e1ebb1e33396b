package dev.fedlora.client.config;

import java.util.List;

/** A configuration that cannot be used; its message lists every mistake, one a line. */
public final class ConfigurationException extends IllegalArgumentException {
    private final transient List<String> mistakes;

    /** Says that {@code source} (a file's name, as the user knows it) has these mistakes. */
    public ConfigurationException(String source, List<String> mistakes) {
        super(source + ": " + String.join(System.lineSeparator() + source + ": ", mistakes));
        this.mistakes = List.copyOf(mistakes);
    }

    /** Returns the mistakes, each naming its field, the value got and what is allowed. */
    public List<String> mistakes() {
        return mistakes;
    }
}
