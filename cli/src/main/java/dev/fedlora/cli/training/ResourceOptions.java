package dev.fedlora.cli.training;

import dev.fedlora.cli.command.ByteSize;
import dev.fedlora.lora.train.CheckpointStore;
import dev.fedlora.lora.train.MemoryPlan;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a training may take, and where it is kept. */
final class ResourceOptions {
    /** Of the Java heap, where no budget is given: the rest is for examples and what the collector needs. */
    private static final double HEAP_SHARE = 0.75;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            description =
                    "Most that activations, gradients and optimizer may take, such as 1GB or 600MB; activations are "
                            + "computed again where they do not fit (default: three quarters of the Java heap).")
    private @Nullable String memory;

    @Option(
            names = "--checkpoint",
            paramLabel = "DIR",
            description =
                    "Keep the state of the training here, and go on from the one that is there, to the same bytes; it must be of"
                            + " the same data, options, back end and micro-batches (--memory may change these). As private"
                            + " as the data.")
    private @Nullable Path checkpoint;

    @Option(
            names = "--checkpoint-every",
            paramLabel = "N",
            defaultValue = "50",
            description = "Steps between checkpoints (default: ${DEFAULT-VALUE}).")
    private int checkpointEvery = 50;

    /**
     * Returns the budget in bytes.
     *
     * @throws IllegalArgumentException when it is not a size
     */
    long memoryBytes() {
        return memory == null
                ? (long) (HEAP_SHARE * Runtime.getRuntime().maxMemory())
                : ByteSize.of("--memory", memory);
    }

    MemoryPlan plan(MemoryPlan.Demand demand, int threads) {
        return MemoryPlan.within(memoryBytes(), demand, threads);
    }

    boolean keepsCheckpoints() {
        return checkpoint != null;
    }

    /**
     * Returns where checkpoints are kept, or null.
     *
     * @throws IOException when the folder cannot be made
     */
    @Nullable CheckpointStore checkpoints() throws IOException {
        return checkpoint == null ? null : new CheckpointStore(checkpoint, checkpointEvery);
    }

    /** @throws IllegalArgumentException when an option is out of its range */
    void check() {
        memoryBytes();
        if (checkpointEvery < 1) {
            throw new IllegalArgumentException("--checkpoint-every must be at least 1, got " + checkpointEvery);
        }
    }
}
