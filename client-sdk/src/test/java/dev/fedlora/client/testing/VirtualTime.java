package dev.fedlora.client.testing;

import dev.fedlora.client.transport.WaitingTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** A time that passes only by waiting, at once. */
public final class VirtualTime implements WaitingTime {
    private final List<Duration> pauses = new ArrayList<>();
    private Instant now = Instant.parse("2026-11-23T06:00:00Z");

    @Override
    public synchronized Instant now() {
        return now;
    }

    @Override
    public synchronized void pause(Duration length) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        pauses.add(length);
        now = now.plus(length);
    }

    /** Returns all waits so far. */
    public synchronized List<Duration> pauses() {
        return List.copyOf(pauses);
    }
}
