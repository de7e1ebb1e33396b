package dev.fedlora.client;

import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.TaskSpec;
import java.util.List;

/** Hears how a client gets on, on the thread that runs it. It is told nothing secret, and must return soon. */
public interface ProgressListener {
    /** Hears nothing. */
    ProgressListener NONE = new ProgressListener() {};

    /** The task was fetched and is within the policy. */
    default void taskJoined(TaskSpec task) {}

    /** A round's plan was checked and accepted; training begins. */
    default void roundJoined(RoundPlan plan) {}

    /** Training for a round is done. */
    default void trained(long round, long examples, double meanLoss) {}

    /** This client's message of a phase has been accepted by the coordinator. */
    default void sent(long round, Phase phase) {}

    /** A round is over for this client. */
    default void roundEnded(RoundReport report) {}

    /** This client refuses what the coordinator proposes and stops. */
    default void refused(List<String> reasons) {}
}
