package dev.fedlora.simulations;

import java.util.List;

/** Hears how a simulation gets on, on the thread that runs it. */
public interface SimulationProgress {
    /** Hears nothing. */
    SimulationProgress NONE = new SimulationProgress() {};

    /** Data is dealt out, the model is open, the first round begins. */
    default void started(List<SimulationMetrics.Client> clients, SimulationMetrics.Score start) {}

    /** A round made an adapter and it was evaluated. */
    default void roundFinished(SimulationMetrics.Round round, SimulationTimings.Round timing) {}

    /** A round came to nothing. */
    default void roundAborted(long round, String reason) {}
}
