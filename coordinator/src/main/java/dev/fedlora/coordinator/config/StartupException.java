package dev.fedlora.coordinator.config;

import java.util.List;

/** A coordinator that did not start, with one clear line for each thing that is in the way. */
public final class StartupException extends RuntimeException {
    /** What kept the coordinator from starting. */
    public enum Reason {
        /** The configuration is wrong; every problem is listed. */
        CONFIGURATION,
        /** The data directory cannot be created, read or written. */
        DATA_DIRECTORY,
        /** Another process works on the same data directory. */
        DATA_DIRECTORY_IN_USE,
        /** The database in the data directory cannot be opened or migrated. */
        STORE,
        /** The roster file cannot be read or is not a roster. */
        ROSTER,
        /** The coordinator's identity key cannot be read or written. */
        IDENTITY,
        /** The certificate or its key cannot be used. */
        TLS,
        /** The address and port cannot be bound. */
        LISTEN
    }

    private final Reason reason;
    private final List<String> problems;

    /** One problem, named by {@code message}. */
    public StartupException(Reason reason, String message) {
        this(reason, List.of(message));
    }

    /** One problem, named by {@code message}, with what caused it. */
    public StartupException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
        this.problems = List.of(message);
    }

    /** Several problems, each one line. */
    public StartupException(Reason reason, List<String> problems) {
        super(String.join(System.lineSeparator(), problems));
        this.reason = reason;
        this.problems = List.copyOf(problems);
    }

    /** Returns what kind of thing is in the way. */
    public Reason reason() {
        return reason;
    }

    /** Returns one line for each thing that is in the way. */
    public List<String> problems() {
        return problems;
    }
}
