package dev.fedlora.aggregation.wire;

import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import java.time.Duration;
import java.util.List;

/**
 * How long each phase stays open, from its opening; whole milliseconds. In JSON, ISO 8601 such as {@code PT30S}.
 *
 * @param keys covers local training too, which happens before keys are advertised
 * @param shares for sealed shares
 * @param masked for the upload of the vector
 * @param survivors for the signature over the survivors
 * @param unmask for the shares that unmask the sum
 */
public record PhaseDeadlines(
        @JsonSerialize(using = DurationJson.Writer.class) @JsonDeserialize(using = DurationJson.Reader.class)
        Duration keys,

        @JsonSerialize(using = DurationJson.Writer.class) @JsonDeserialize(using = DurationJson.Reader.class)
        Duration shares,

        @JsonSerialize(using = DurationJson.Writer.class) @JsonDeserialize(using = DurationJson.Reader.class)
        Duration masked,

        @JsonSerialize(using = DurationJson.Writer.class) @JsonDeserialize(using = DurationJson.Reader.class)
        Duration survivors,

        @JsonSerialize(using = DurationJson.Writer.class) @JsonDeserialize(using = DurationJson.Reader.class)
        Duration unmask) {
    /** Returns deadlines that are the same for the phases after {@code keys}. */
    public static PhaseDeadlines of(Duration keys, Duration others) {
        return new PhaseDeadlines(keys, others, others, others, others);
    }

    /** Returns how long {@code phase} stays open. */
    public Duration of(Phase phase) {
        return switch (phase) {
            case KEYS -> keys;
            case SHARES -> shares;
            case MASKED -> masked;
            case SURVIVORS -> survivors;
            case UNMASK -> unmask;
        };
    }

    void addProblems(Problems problems) {
        for (Phase phase : Phase.values()) {
            Duration deadline = of(phase);
            String name = "deadlines." + phase.path();
            if (problems.isPresent(name, deadline)) {
                // a week: longer is a typing mistake; whole milliseconds: the wire format's unit
                boolean inRange = deadline.compareTo(Duration.ofMillis(1)) >= 0
                        && deadline.compareTo(Duration.ofDays(7)) <= 0
                        && deadline.equals(Duration.ofMillis(deadline.toMillis()));
                problems.require(
                        inRange, name + " must be whole milliseconds from PT0.001S to 7 days, got " + deadline);
            }
        }
    }

    void writeTo(ByteWriter out) {
        for (Duration deadline : List.of(keys, shares, masked, survivors, unmask)) {
            out.u64(deadline.toMillis());
        }
    }

    static PhaseDeadlines readFrom(ByteReader in) {
        return new PhaseDeadlines(millis(in), millis(in), millis(in), millis(in), millis(in));
    }

    private static Duration millis(ByteReader in) {
        return Duration.ofMillis(in.u64("deadline"));
    }
}
