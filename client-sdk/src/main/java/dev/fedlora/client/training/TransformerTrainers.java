package dev.fedlora.client.training;

import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.EncodedExample;
import dev.fedlora.lora.data.Example;
import dev.fedlora.lora.data.ExampleEncoder;
import dev.fedlora.lora.data.JsonlExamples;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.model.BaseModel;
import dev.fedlora.lora.model.BaseModels;
import dev.fedlora.lora.tensor.MatrixBackend;
import dev.fedlora.lora.tokenizer.Tokenizer;
import dev.fedlora.lora.tokenizer.Tokenizers;
import dev.fedlora.lora.train.ClassificationEvaluation;
import dev.fedlora.lora.train.Evaluator;
import dev.fedlora.lora.train.LocalTrainer;
import dev.fedlora.lora.train.LoraTrainer;
import dev.fedlora.lora.train.WorkerPool;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Trainers of adapters over one frozen base model in a GGUF file. The model is opened once, memory-mapped, and shared by
 * all trainers made here, with one pool of threads: a process may hold many clients.
 *
 * <p>Thread-safe. Close it when its trainers are done.
 */
public final class TransformerTrainers implements AutoCloseable {
    private final Path file;
    private final BaseModel model;
    private final Tokenizer tokenizer;
    private final WorkerPool pool;

    private TransformerTrainers(Path file, BaseModel model, Tokenizer tokenizer, WorkerPool pool) {
        this.file = file;
        this.model = model;
        this.tokenizer = tokenizer;
        this.pool = pool;
    }

    /**
     * Opens a base model.
     *
     * @param base GGUF file with its tokenizer inside
     * @param backend for matrix products
     * @param threads that compute, at least 1; results do not depend on their number
     * @throws IllegalArgumentException when it is not a model that this version can train over; the message names the file
     * @throws IOException when the file cannot be read
     */
    public static TransformerTrainers open(Path base, MatrixBackend backend, int threads) throws IOException {
        GgufFile file = GgufFile.open(base);
        BaseModel model = BaseModels.of(file);
        return new TransformerTrainers(base, model, Tokenizers.of(file), new WorkerPool(model, backend, threads));
    }

    /** Returns the base model. */
    public BaseModel model() {
        return model;
    }

    /** Returns the adapter that a task's first round starts from: it changes nothing yet, and is the same for all. */
    public LoraAdapter newAdapter(TaskSpec task) {
        requireBase(task);
        return model.newAdapter(task.adapter(), task.labels(), task.training().seed());
    }

    /**
     * Returns trainers over the examples of a JSONL file, which is read anew for each task.
     *
     * <p>What {@link TrainerFactory#create} refuses: a task for another base model, naming both; a line that is no example
     * or has a label that is not among the task's, naming file and line.
     */
    public TrainerFactory over(Path jsonl) {
        return (task, adapter) -> {
            requireBase(task);
            return trainer(task, adapter, JsonlExamples.read(jsonl, task.labels()));
        };
    }

    /** Returns trainers over these examples; see {@link #over(Path)} for what is refused. */
    public TrainerFactory over(List<Example> examples) {
        List<Example> own = List.copyOf(examples);
        return (task, adapter) -> {
            requireBase(task);
            return trainer(task, adapter, own);
        };
    }

    /**
     * Evaluates an adapter of a task.
     *
     * @throws IllegalArgumentException when adapter or task are for another base model, a label is not the task's, or there
     *     are no examples
     */
    public ClassificationEvaluation evaluate(TaskSpec task, LoraAdapter adapter, List<Example> examples)
            throws InterruptedException {
        requireBase(task);
        return new Evaluator(pool).evaluate(model.bind(adapter), encoder(task).encode(examples));
    }

    private LocalTrainer trainer(TaskSpec task, LoraAdapter adapter, List<Example> examples) {
        List<EncodedExample> encoded = new ArrayList<>();
        for (EncodedExample example : encoder(task).encode(examples)) {
            boolean isGrouped = task.privacy() == null || task.privacy().unit().equals("group");
            encoded.add(isGrouped ? example : new EncodedExample(example.tokens(), example.label(), null));
        }
        return new LoraTrainer(pool, adapter, encoded, List.of());
    }

    private ExampleEncoder encoder(TaskSpec task) {
        return new ExampleEncoder(tokenizer, task.labels(), task.maxTokens());
    }

    private void requireBase(TaskSpec task) {
        if (!task.architecture().equals(model.architecture())
                || !task.baseSha256().equals(model.sha256())) {
            throw new IllegalArgumentException(
                    "adapter/base mismatch: task %s trains adapters for the %s model with SHA-256 %s, but %s is a %s model with SHA-256 %s"
                            .formatted(
                                    task.task(),
                                    task.architecture(),
                                    task.baseSha256(),
                                    file,
                                    model.architecture(),
                                    model.sha256()));
        }
    }

    /** Ends the threads. */
    @Override
    public void close() {
        pool.close();
    }
}
