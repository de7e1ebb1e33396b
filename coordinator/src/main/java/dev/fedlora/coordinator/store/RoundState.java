package dev.fedlora.coordinator.store;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** Where a round stands; everything but {@link #OPEN} is final. */
public enum RoundState {
    /** Clients are at work. */
    OPEN,
    /** The sum was learned and the adapter it made is stored. */
    FINISHED,
    /** It came to nothing. */
    ABORTED;

    /** Returns the name in JSON and in the store. */
    @JsonValue
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    static RoundState ofLabel(String label) {
        return valueOf(label.toUpperCase(Locale.ROOT));
    }
}
