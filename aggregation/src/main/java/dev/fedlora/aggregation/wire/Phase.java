package dev.fedlora.aggregation.wire;

import java.util.Locale;
import java.util.Optional;

/** The five phases of a round under secure aggregation, in their order; each is one message per client. */
public enum Phase {
    /** Clients advertise signed ephemeral keys; answered by {@link KeyRoster}. */
    KEYS,
    /** Clients send sealed shares of their secrets; answered by {@link ShareDelivery}. */
    SHARES,
    /** Clients send masked vectors; answered by {@link SurvivorList}. */
    MASKED,
    /** Clients sign the list of survivors; answered by {@link SignatureList}. */
    SURVIVORS,
    /** Clients reveal one share a client; answered by {@link RoundResult}. */
    UNMASK;

    /** Returns the name in URLs, such as {@code keys}. */
    public String path() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns the phase whose {@link #path()} is {@code path}. */
    public static Optional<Phase> ofPath(String path) {
        for (Phase phase : values()) {
            if (phase.path().equals(path)) {
                return Optional.of(phase);
            }
        }
        return Optional.empty();
    }
}
