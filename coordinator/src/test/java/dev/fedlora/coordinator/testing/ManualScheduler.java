package dev.fedlora.coordinator.testing;

import dev.fedlora.coordinator.round.Scheduler;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** A clock that stands still until a test moves it, and one real worker. */
public final class ManualScheduler implements Scheduler, AutoCloseable {
    private record Waiting(long dueNanos, Runnable work) {}

    private final ExecutorService worker = Executors.newSingleThreadExecutor();
    private final List<Waiting> waiting = new ArrayList<>();
    private final Instant start = Instant.now();
    private long nanos;

    /** Moves the clock and runs, on the worker, what is due by then. */
    public void advance(Duration by) {
        List<Waiting> due = new ArrayList<>();
        synchronized (this) {
            nanos += by.toNanos();
            waiting.removeIf(timer -> timer.dueNanos() <= nanos && due.add(timer));
        }
        due.forEach(timer -> execute(timer.work()));
    }

    @Override
    public synchronized Instant now() {
        return start.plusNanos(nanos);
    }

    @Override
    public synchronized long nanoTime() {
        return nanos;
    }

    @Override
    public synchronized Timer schedule(Duration delay, Runnable work) {
        Waiting timer = new Waiting(nanos + delay.toNanos(), work);
        waiting.add(timer);
        return () -> {
            synchronized (this) {
                waiting.remove(timer);
            }
        };
    }

    @Override
    public void execute(Runnable work) {
        if (!worker.isShutdown()) {
            worker.execute(work);
        }
    }

    @Override
    public void close() {
        worker.shutdown();
        try {
            if (!worker.awaitTermination(30, TimeUnit.SECONDS)) {
                throw new IllegalStateException("a round is still being worked on");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
