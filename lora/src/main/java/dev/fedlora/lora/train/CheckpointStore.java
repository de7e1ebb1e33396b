package dev.fedlora.lora.train;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.safetensors.SafetensorsFile;
import dev.fedlora.lora.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The folder in which a training keeps its last checkpoint. The file is replaced as a whole, so that whenever the process
 * ends there is the old one or the new one.
 *
 * <pre>
 * checkpoint.safetensors
 *   tensors       adapter [values]   moments.first [P]   moments.second [P]      F32, canonical order
 *   __metadata__  format "fedlora-checkpoint-1", step, loss_sum (hexadecimal floating point), and as origin.* what is
 *                 trained on what and how
 * </pre>
 *
 * <p>The file holds an adapter that was trained on private data without protection: whoever may not read the data may not
 * read it.
 */
public final class CheckpointStore {
    private static final String NAME = "checkpoint.safetensors";
    private static final String FORMAT = "fedlora-checkpoint-1";
    private static final String ORIGIN = "origin.";
    private static final String ADAPTER = "adapter";
    private static final String FIRST = "moments.first";
    private static final String SECOND = "moments.second";

    private final Path file;
    private final int every;

    /**
     * @param folder made when it is absent
     * @param every steps after which a checkpoint is written, at least 1
     * @throws IllegalArgumentException when {@code every} is less
     * @throws IOException when the folder cannot be made
     */
    public CheckpointStore(Path folder, int every) throws IOException {
        OptimizerPlan.require(every >= 1, "steps between checkpoints", "at least 1", every);
        Files.createDirectories(folder);
        this.file = folder.resolve(NAME);
        this.every = every;
    }

    boolean isDue(int step) {
        return step % every == 0;
    }

    /** Writes the checkpoint, also on a thread that is interrupted: that ends the training, not this. */
    void write(Checkpoint checkpoint) throws IOException {
        boolean interrupted = Thread.interrupted();
        try {
            while (!isWritten(checkpoint)) {
                interrupted |= Thread.interrupted();
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Returns whether it was written: an interruption closes the file, and leaves the old one. */
    private boolean isWritten(Checkpoint checkpoint) throws IOException {
        SafetensorsWriter out = new SafetensorsWriter()
                .metadata("format", FORMAT)
                .metadata("step", Integer.toString(checkpoint.step()))
                .metadata("loss_sum", Double.toHexString(checkpoint.lossSum()));
        checkpoint.origin().forEach((key, value) -> out.metadata(ORIGIN + key, value));
        out.tensor(ADAPTER, checkpoint.values(), checkpoint.values().length)
                .tensor(FIRST, checkpoint.first(), checkpoint.first().length)
                .tensor(SECOND, checkpoint.second(), checkpoint.second().length);
        try {
            out.write(file);
            return true;
        } catch (ClosedByInterruptException interrupted) {
            return false;
        }
    }

    /**
     * Returns the checkpoint, or nothing when there is none yet.
     *
     * @param origin that it must have
     * @param values of the adapter
     * @param parameters P
     * @throws MalformedFileException when it is of another training or broken
     * @throws IOException when it cannot be read
     */
    Optional<Checkpoint> read(Map<String, String> origin, int values, int parameters) throws IOException {
        if (Files.notExists(file)) {
            return Optional.empty();
        }
        SafetensorsFile in = SafetensorsFile.open(file);
        require(
                FORMAT.equals(in.metadata().get("format")),
                "is not a training's checkpoint: its format is not " + FORMAT);
        requireOrigin(in.metadata(), origin);
        return Optional.of(new Checkpoint(
                origin,
                step(in.metadata().getOrDefault("step", "")),
                number(in.metadata().getOrDefault("loss_sum", "")),
                finite(in, ADAPTER, values),
                finite(in, FIRST, parameters),
                finite(in, SECOND, parameters)));
    }

    private void requireOrigin(Map<String, String> metadata, Map<String, String> origin) {
        Map<String, String> found = new TreeMap<>();
        metadata.forEach((key, value) -> {
            if (key.startsWith(ORIGIN)) {
                found.put(key.substring(ORIGIN.length()), value);
            }
        });
        origin.forEach((key, wanted) -> {
            String got = found.remove(key);
            require(
                    wanted.equals(got),
                    "is of another training: its %s is %s, this one's is %s; name another folder to start anew"
                            .formatted(key.replace('_', ' '), got, wanted));
        });
        require(found.isEmpty(), "is of another training: it also has " + found.keySet());
    }

    private int step(String text) {
        require(text.matches("\\d{1,9}"), "has no whole number as its step");
        return Integer.parseInt(text);
    }

    private double number(String text) {
        try {
            double number = Double.parseDouble(text);
            require(Double.isFinite(number), "has a loss_sum that is not finite");
            return number;
        } catch (NumberFormatException notNumber) {
            throw new MalformedFileException(file, "has no number as its loss_sum");
        }
    }

    private float[] finite(SafetensorsFile in, String tensor, int length) {
        float[] values = in.floats(tensor, length);
        for (float value : values) {
            require(Float.isFinite(value), "tensor %s holds a value that is not a finite number".formatted(tensor));
        }
        return values;
    }

    private void require(boolean holds, String problem) {
        if (!holds) {
            throw new MalformedFileException(file, problem);
        }
    }
}
