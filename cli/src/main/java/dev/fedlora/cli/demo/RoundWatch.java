package dev.fedlora.cli.demo;

import dev.fedlora.coordinator.round.RoundEvent;
import dev.fedlora.coordinator.round.RoundListener;
import dev.fedlora.lora.safetensors.AdapterBytes;
import dev.fedlora.lora.train.Evaluation;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Follows the rounds at the coordinator: evaluates each new adapter beside the next round, and fills the table. Thread-safe.
 */
final class RoundWatch implements RoundListener, AutoCloseable {
    private final DemoRun demo;
    private final RoundTable table;
    private final List<Future<RoundRow>> rows = new ArrayList<>();
    private final ExecutorService evaluations = Executors.newSingleThreadExecutor(work -> {
        Thread thread = new Thread(work, "demo-evaluation");
        thread.setDaemon(true);
        return thread;
    });
    private long opened;

    RoundWatch(DemoRun demo) {
        this.demo = demo;
        this.table = demo.table();
    }

    @Override
    public synchronized void on(RoundEvent event) {
        if (event instanceof RoundEvent.Opened open) {
            opened = System.nanoTime();
            table.opened(open.round());
        } else if (event instanceof RoundEvent.Aborted aborted) {
            table.line("%5d aborted (%s): %s".formatted(aborted.round(), aborted.reason(), aborted.detail()));
        }
    }

    /** Takes a finished round and the bytes of the adapter that it made. */
    synchronized void finished(RoundEvent.Finished round, byte[] adapter) {
        double seconds = (System.nanoTime() - opened) / 1e9;
        rows.add(evaluations.submit(() -> {
            Evaluation evaluation = demo.evaluate(AdapterBytes.decode(adapter));
            RoundRow row = RoundRow.of(round, evaluation, seconds);
            table.add(row);
            return row;
        }));
    }

    /** Returns one row for each finished round, when all have been evaluated. */
    List<RoundRow> rows() throws InterruptedException, ExecutionException {
        List<Future<RoundRow>> all;
        synchronized (this) {
            all = List.copyOf(rows);
        }
        List<RoundRow> done = new ArrayList<>();
        for (Future<RoundRow> row : all) {
            done.add(row.get());
        }
        return done;
    }

    /** Stops what is still being evaluated. */
    @Override
    public void close() {
        evaluations.shutdownNow();
    }
}
