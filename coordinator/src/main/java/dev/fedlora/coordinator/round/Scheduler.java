package dev.fedlora.coordinator.round;

import java.time.Duration;
import java.time.Instant;

/**
 * Time and threads, as rounds need them. A simulation gives a clock of its own; {@link SystemScheduler} is the real one.
 *
 * <p>Implementations are thread-safe.
 */
public interface Scheduler {
    /** A piece of work that may not be wanted any more. */
    interface Timer {
        /** Drops the work unless it has begun; harmless when repeated. */
        void cancel();
    }

    /** Returns the wall clock: for time stamps. */
    Instant now();

    /** Returns nanoseconds on a clock that never jumps: for durations. */
    long nanoTime();

    /** Runs {@code work} once, when {@code delay} is over, as {@link #execute} does. */
    Timer schedule(Duration delay, Runnable work);

    /** Runs {@code work} soon, on a thread that may block. */
    void execute(Runnable work);
}
