package dev.fedlora.cli.coordinator;

import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.cli.artifact.OpenedBase;
import dev.fedlora.cli.artifact.TaskFile;
import dev.fedlora.coordinator.round.RoundService;
import dev.fedlora.lora.data.PromptTemplate;
import dev.fedlora.lora.safetensors.AdapterBytes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** A task to be created, with the adapter that it begins with. Immutable. */
final class PlannedTask {
    private final TaskSpec task;
    private final byte[] initial;

    private PlannedTask(TaskSpec task, byte[] initial) {
        this.task = task;
        this.initial = initial;
    }

    /**
     * Reads a task and makes its first adapter over {@code base}, from the task's own seed.
     *
     * @throws IllegalArgumentException when the task is not over this base model, or learns to answer prompts and this model
     *     cannot, or its template is unknown
     * @throws IOException when the file cannot be read
     */
    static PlannedTask read(Path file, OpenedBase base) throws IOException {
        TaskSpec task = TaskFile.read(file);
        if (!task.baseSha256().equals(base.model().sha256())) {
            throw new IllegalArgumentException("%s: the task's base model has SHA-256 %s, %s has %s"
                    .formatted(
                            file,
                            task.baseSha256(),
                            base.file().path(),
                            base.model().sha256()));
        }
        if (task.generates()) {
            requireAnswers(task, file, base);
        }
        byte[] initial = AdapterBytes.encode(base.model()
                .newAdapter(task.adapter(), task.labels(), task.training().seed()));
        return new PlannedTask(task, initial);
    }

    private static void requireAnswers(TaskSpec task, Path file, OpenedBase base) {
        if (base.model().outputMatrix().isEmpty()) {
            throw new IllegalArgumentException("%s: the task has no labels, and a %s model predicts no tokens"
                    .formatted(file, base.model().architecture()));
        }
        try {
            PromptTemplate.of(task.template(), base.file());
        } catch (IllegalArgumentException unknown) {
            throw new IllegalArgumentException(file + ": " + unknown.getMessage(), unknown);
        }
    }

    /**
     * Creates and starts the task; one that the coordinator already has goes on.
     *
     * @return the task's name
     * @throws IllegalArgumentException when it has another task of that name, or the task does not go with the roster
     */
    String start(RoundService service) {
        Optional<TaskSpec> known = service.tasks().stream()
                .filter(each -> each.task().equals(task.task()))
                .findFirst();
        if (known.isEmpty()) {
            service.createTask(task, initial);
        } else if (!known.get().hash().equals(task.hash())) {
            throw new IllegalArgumentException("the coordinator has a task %s with other terms: its hash is %s, not %s"
                    .formatted(task.task(), known.get().hash(), task.hash()));
        }
        if (!service.status(task.task()).state().isFinal()) {
            service.start(task.task());
        }
        return task.task();
    }
}
