package dev.fedlora.peer;

import java.util.List;
import picocli.CommandLine.Option;

/** The options that {@code run} and {@code compare} share; the defaults are those of {@code fedlora bench train}. */
final class JobOptions {
    @Option(
            names = "--shape",
            paramLabel = "SHAPE",
            defaultValue = "smollm2-135m",
            description = "smollm2-135m, tinyllama-1.1b or tiny (default: ${DEFAULT-VALUE}).")
    private String shape = "smollm2-135m";

    @Option(
            names = "--batch",
            paramLabel = "B",
            defaultValue = "2",
            description = "Sequences a step (default: ${DEFAULT-VALUE}).")
    private int batch = 2;

    @Option(
            names = "--tokens",
            paramLabel = "T",
            defaultValue = "256",
            description = "Tokens of a sequence (default: ${DEFAULT-VALUE}).")
    private int tokens = 256;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "10",
            description = "Steps that are measured (default: ${DEFAULT-VALUE}).")
    private int steps = 10;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            defaultValue = "3",
            description = "Steps before them (default: ${DEFAULT-VALUE}).")
    private int warmUp = 3;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "2",
            description = "Threads that compute (default: ${DEFAULT-VALUE}).")
    private int threads = 2;

    /**
     * The job with a base of that type.
     *
     * @throws IllegalArgumentException naming the first value that is not allowed
     */
    Job job(BaseType type) {
        return new Job(ModelShape.named(shape), type, batch, tokens, warmUp, steps, threads);
    }

    /** The command line of that job, without its type: what both programs take. */
    static List<String> arguments(Job job) {
        return List.of(
                "--shape", job.shape().label(),
                "--batch", String.valueOf(job.batch()),
                "--tokens", String.valueOf(job.tokens()),
                "--steps", String.valueOf(job.steps()),
                "--warm-up", String.valueOf(job.warmUpSteps()),
                "--threads", String.valueOf(job.threads()));
    }
}
