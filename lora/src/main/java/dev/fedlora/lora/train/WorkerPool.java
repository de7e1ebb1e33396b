package dev.fedlora.lora.train;

import dev.fedlora.lora.model.BaseModel;
import dev.fedlora.lora.tensor.MatrixBackend;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The threads that run one base model, each with its own working memory, which {@link MemoryPlan} tells and limits.
 * Several trainers may share a pool; then they share its threads and memory.
 *
 * <p>Thread-safe. Close it when its trainers are done.
 */
public final class WorkerPool implements AutoCloseable {
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final BaseModel model;
    private final MatrixBackend backend;
    private final MemoryPlan plan;
    private final ExecutorService threads;
    private final ConcurrentLinkedQueue<Worker> idle = new ConcurrentLinkedQueue<>();

    /** What a worker does with the model; asks {@code stop} between micro-batches whether to give up. */
    @FunctionalInterface
    interface Task<T> {
        /** @throws CancellationException when it gave up */
        T run(Worker worker, AtomicBoolean stop);
    }

    /**
     * Starts {@code threads} threads.
     *
     * @param backend opens the matrix products of each thread
     * @param threads at least 1; the results do not depend on it
     * @throws IllegalArgumentException when {@code threads} is less
     */
    public WorkerPool(BaseModel model, MatrixBackend backend, int threads) {
        this(model, backend, MemoryPlan.unlimited(threads));
    }

    /**
     * Starts as many threads as {@code plan} says.
     *
     * @param backend opens the matrix products of each thread
     * @param plan how much of what the threads keep
     */
    public WorkerPool(BaseModel model, MatrixBackend backend, MemoryPlan plan) {
        this.model = model;
        this.backend = backend;
        this.plan = plan;
        int number = NUMBER.incrementAndGet();
        AtomicInteger next = new AtomicInteger();
        this.threads = Executors.newFixedThreadPool(plan.workers(), work -> {
            Thread thread = new Thread(work, "lora-" + number + "-" + next.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Returns the model that the workers run. */
    public BaseModel model() {
        return model;
    }

    /** Returns what computes the workers' products. */
    MatrixBackend backend() {
        return backend;
    }

    /** Returns the rows of a micro-batch, unless a single example has more. */
    int mostRows() {
        return plan.rows();
    }

    /**
     * Runs all tasks and returns their results in the order of the tasks. When one fails or this thread is interrupted, the
     * others stop at their next micro-batch; nothing runs any more when this method returns or throws.
     */
    <T> List<T> run(List<Task<T>> tasks) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException("interrupted before the next batch");
        }
        AtomicBoolean stop = new AtomicBoolean();
        List<FutureTask<T>> running = new ArrayList<>();
        for (Task<T> task : tasks) {
            FutureTask<T> each = new FutureTask<>(() -> runOne(task, stop));
            running.add(each);
            threads.execute(each);
        }
        InterruptedException interrupted = null;
        Throwable failure = null;
        List<T> results = new ArrayList<>();
        for (int i = 0; i < running.size(); ) {
            try {
                results.add(running.get(i).get());
                i++;
            } catch (InterruptedException e) {
                stop.set(true); // and wait on: the workers write into arrays of the caller
                interrupted = e;
            } catch (ExecutionException e) {
                stop.set(true);
                failure = failure == null || failure instanceof CancellationException ? e.getCause() : failure;
                i++;
            }
        }
        if (interrupted != null) {
            throw interrupted;
        }
        rethrow(failure);
        return results;
    }

    private <T> T runOne(Task<T> task, AtomicBoolean stop) {
        Worker taken = idle.poll();
        Worker worker = taken == null ? new Worker(model.open(backend.open(), plan.policy())) : taken;
        try {
            return task.run(worker, stop);
        } finally {
            idle.add(worker);
        }
    }

    private static void rethrow(@Nullable Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        if (failure instanceof RuntimeException exception) {
            throw exception;
        }
        if (failure != null) {
            throw new IllegalStateException(failure);
        }
    }

    /** Stops the threads and frees their memory. Not to be called while a trainer runs. */
    @Override
    public void close() {
        threads.shutdown();
        for (Worker each = idle.poll(); each != null; each = idle.poll()) {
            each.close();
        }
    }
}
