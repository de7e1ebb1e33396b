package dev.fedlora.cli.command;

import dev.fedlora.lora.tensor.MatrixBackend;
import dev.fedlora.lora.tensor.MatrixBackends;
import picocli.CommandLine.Option;

/** The options of commands that compute with matrices. */
public final class ComputeOptions {
    @Option(
            names = "--backend",
            paramLabel = "NAME",
            defaultValue = "auto",
            description = "What computes matrix products (default: ${DEFAULT-VALUE}, the fastest that works here).")
    private String backend = "auto";

    @Option(names = "--threads", paramLabel = "N", description = "Worker threads (default: one a processor core).")
    private int threads = Runtime.getRuntime().availableProcessors();

    /**
     * Returns the back end that was asked for.
     *
     * @throws IllegalArgumentException when there is none of that name
     */
    public MatrixBackend backend() {
        return MatrixBackends.select(backend);
    }

    /**
     * Returns the back end that was asked for; when none was, one that computes in single precision, for commands whose
     * answers are compared with those of other programs.
     *
     * @throws IllegalArgumentException when there is none of that name
     */
    public MatrixBackend exactBackend() {
        MatrixBackend chosen = backend();
        boolean rounds = backend.equals("auto") && chosen.name().equals("onednn-bf16");
        return rounds ? MatrixBackends.select("onednn-f32") : chosen;
    }

    /**
     * Returns the number of worker threads.
     *
     * @throws IllegalArgumentException when it is less than 1
     */
    public int threads() {
        if (threads < 1) {
            throw new IllegalArgumentException("--threads must be at least 1, got " + threads);
        }
        return threads;
    }
}
