package dev.fedlora.cli.demo;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Makes Ctrl-C clean up: when the process is told to end, this thread is interrupted, and the process waits until it has
 * closed what it had open.
 */
final class Interruption {
    private static final int PATIENCE_SECONDS =
            20; // closing takes one or two; a hanging one must not keep the terminal

    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread hook;

    Interruption() {
        Thread working = Thread.currentThread();
        hook = new Thread(() -> end(working), "demo-interruption");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    private void end(Thread working) {
        working.interrupt();
        try {
            if (!closed.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("fedlora: could not clean up in time");
            }
        } catch (InterruptedException again) {
            Thread.currentThread().interrupt();
        }
    }

    /** Everything is closed. */
    void over() {
        closed.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException ending) {
            // the process is ending: the hook has just been told that it may
        }
    }
}
