package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.RoundAborted;

/** Where a round stands. Immutable. */
sealed interface ServerState {
    /** The phase that is open, or that was when the round ended. */
    Phase phase();

    /** What was accepted so far. */
    Transcript transcript();

    /** A phase is open. */
    record Collecting(Phase phase, Transcript transcript) implements ServerState {}

    /** The sum is there. */
    record Finished(Phase phase, Transcript transcript, Outcome outcome) implements ServerState {}

    /** There will be no sum. */
    record Aborted(Phase phase, Transcript transcript, RoundAborted why) implements ServerState {}
}
