package dev.fedlora.simulations;

/** A simulation could not be carried to its end; the message says which part failed and why. */
public final class SimulationException extends RuntimeException {
    SimulationException(String message) {
        super(message);
    }

    SimulationException(String message, Throwable cause) {
        super(message, cause);
    }
}
