package dev.fedlora.cli.command;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets Ctrl-C and SIGTERM end a command cleanly: when the process is told to end, the thread that made this is
 * interrupted, and the process waits until it has closed what it had open. As for any process that a signal ends, the
 * exit code is 128 and the signal's number.
 *
 * <pre>{@code
 * CleanEnd end = new CleanEnd();
 * try (Server server = Server.start()) {
 *     server.await(); // interrupted, closes the server, then lets the process end
 * } finally {
 *     end.allClosed();
 * }
 * }</pre>
 */
public final class CleanEnd {
    /** Closing takes one or two; what hangs must not keep a terminal or a service manager. */
    private static final int PATIENCE_SECONDS = 20;

    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread hook;

    /** From now on the calling thread is interrupted when the process is told to end. */
    public CleanEnd() {
        Thread working = Thread.currentThread();
        hook = new Thread(() -> end(working), "clean-end");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    private void end(Thread working) {
        working.interrupt();
        try {
            if (!closed.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("fedlora: could not close everything within " + PATIENCE_SECONDS + " seconds");
            }
        } catch (InterruptedException again) {
            Thread.currentThread().interrupt();
        }
    }

    /** Everything that the command had open is closed: a process that was told to end may do so. */
    public void allClosed() {
        closed.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException ending) {
            // the process is ending: the hook has just been told that it may
        }
    }
}
