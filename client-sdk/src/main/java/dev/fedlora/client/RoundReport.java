package dev.fedlora.client;

import dev.fedlora.aggregation.wire.Bytes;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How one round went for this client. Holds no parameters.
 *
 * @param round number
 * @param outcome how it ended
 * @param detail one sentence, empty when the round finished
 * @param survivors ids of the clients in the sum, empty unless the round finished
 * @param newAdapter SHA-256 of the adapter that came out, or null unless the round finished
 * @param examples that this client trained on, 0 when it did not come to that
 * @param meanLoss over these examples, NaN when it did not come to that
 * @param epsilon spent on this task so far, charges of this round included; 0 without a guarantee
 */
public record RoundReport(
        long round,
        Outcome outcome,
        String detail,
        List<Long> survivors,
        @Nullable Bytes newAdapter,
        long examples,
        double meanLoss,
        double epsilon) {
    /** How a round ended for this client. */
    public enum Outcome {
        /** The coordinator released the sum, this client's update in it. */
        FINISHED,
        /** The coordinator ended the round without a sum, or it went on without this client. */
        ABORTED,
        /** The coordinator could not be reached or did not answer in time. */
        LOST,
        /** This client broke it off, because the coordinator broke the protocol. */
        BROKEN_OFF,
        /** Training gave nothing that could be sent. */
        UNUSABLE
    }

    public RoundReport {
        survivors = List.copyOf(survivors);
    }
}
