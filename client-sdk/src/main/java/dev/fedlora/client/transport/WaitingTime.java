package dev.fedlora.client.transport;

import java.time.Duration;
import java.time.Instant;

/** The clock a client reads and waits by; tests put a time of their own in its place. */
public interface WaitingTime {
    /** Returns the present. */
    Instant now();

    /**
     * Waits.
     *
     * @throws InterruptedException when the thread is interrupted while it waits
     */
    void pause(Duration length) throws InterruptedException;

    /** Returns the time of this machine. */
    static WaitingTime system() {
        return new WaitingTime() {
            @Override
            public Instant now() {
                return Instant.now();
            }

            @Override
            public void pause(Duration length) throws InterruptedException {
                Thread.sleep(length.toMillis());
            }
        };
    }
}
