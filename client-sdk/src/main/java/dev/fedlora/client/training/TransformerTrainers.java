package dev.fedlora.client.training;

import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.Example;
import dev.fedlora.lora.data.OwnedExample;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.model.BaseModel;
import dev.fedlora.lora.model.BaseModels;
import dev.fedlora.lora.model.BoundAdapter;
import dev.fedlora.lora.tensor.MatrixBackend;
import dev.fedlora.lora.tokenizer.Tokenizer;
import dev.fedlora.lora.tokenizer.Tokenizers;
import dev.fedlora.lora.train.ClassificationEvaluation;
import dev.fedlora.lora.train.Evaluation;
import dev.fedlora.lora.train.Evaluator;
import dev.fedlora.lora.train.LocalTrainer;
import dev.fedlora.lora.train.LoraTrainer;
import dev.fedlora.lora.train.WorkerPool;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Trainers of adapters over one frozen base model in a GGUF file. The model is opened once, memory-mapped, and shared by
 * all trainers made here, with one pool of threads: a process may hold many clients.
 *
 * <p>A task with labels trains a classifier, one without them a language model that answers prompts; both train the same
 * LoRA factors.
 *
 * <p>Thread-safe. Close it when its trainers are done.
 */
public final class TransformerTrainers implements AutoCloseable {
    private final GgufFile file;
    private final BaseModel model;
    private final Tokenizer tokenizer;
    private final WorkerPool pool;

    private TransformerTrainers(GgufFile file, BaseModel model, Tokenizer tokenizer, WorkerPool pool) {
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
        return new TransformerTrainers(file, model, Tokenizers.of(file), new WorkerPool(model, backend, threads));
    }

    /** Returns the base model. */
    public BaseModel model() {
        return model;
    }

    /** Returns the adapter that a task's first round starts from: it changes nothing yet, and is the same for all. */
    public LoraAdapter newAdapter(TaskSpec task) {
        requireFits(task);
        return model.newAdapter(task.adapter(), task.labels(), task.training().seed());
    }

    /**
     * Returns trainers over the examples of a JSONL file, which is read anew for each task.
     *
     * <p>What {@link TrainerFactory#create} refuses: a task for another base model, naming both; a line that is no example
     * of the task's kind or has a label that is not among the task's, naming file and line; a template that is unknown here;
     * a task without labels over a base model that predicts no tokens.
     *
     * @param jsonl {@link dev.fedlora.lora.data.JsonlExamples labelled texts} for tasks with labels, {@link
     *     dev.fedlora.lora.data.JsonlPrompts prompts} for those without
     */
    public TrainerFactory over(Path jsonl) {
        return (task, adapter) -> {
            requireFits(task);
            TaskEncoder encoder = encoder(task);
            return trainer(adapter, encoder, encoder.read(jsonl));
        };
    }

    /**
     * Returns trainers over these examples; see {@link #over(Path)} for what is refused.
     *
     * @param examples labelled texts for tasks with labels, prompts for those without
     */
    public TrainerFactory over(List<? extends OwnedExample> examples) {
        List<OwnedExample> own = List.copyOf(examples);
        return (task, adapter) -> {
            requireFits(task);
            return trainer(adapter, encoder(task), own);
        };
    }

    /**
     * Evaluates an adapter of a task: a {@link ClassificationEvaluation} where the task has labels, else a {@link
     * dev.fedlora.lora.train.LanguageEvaluation}.
     *
     * @throws IllegalArgumentException when adapter or task are for another base model, an example is not of the task's kind,
     *     a label is not the task's, or there are no examples
     */
    public Evaluation evaluate(TaskSpec task, LoraAdapter adapter, List<? extends OwnedExample> examples)
            throws InterruptedException {
        requireFits(task);
        Evaluator evaluator = new Evaluator(pool);
        BoundAdapter bound = model.bind(adapter);
        return task.generates()
                ? evaluator.evaluateTexts(bound, encoder(task).texts(examples))
                : evaluator.evaluate(bound, encoder(task).labelled(examples));
    }

    /**
     * Evaluates a classifier, for who knows that the task has labels.
     *
     * @throws IllegalArgumentException also when the task has none
     */
    public ClassificationEvaluation evaluateLabels(TaskSpec task, LoraAdapter adapter, List<Example> examples)
            throws InterruptedException {
        requireFits(task);
        return new Evaluator(pool).evaluate(model.bind(adapter), encoder(task).labelled(examples));
    }

    private LocalTrainer trainer(LoraAdapter adapter, TaskEncoder encoder, List<? extends OwnedExample> examples) {
        return new LoraTrainer(pool, adapter, encoder.forTraining(examples), List.of());
    }

    private TaskEncoder encoder(TaskSpec task) {
        return new TaskEncoder(task, file, tokenizer);
    }

    private void requireFits(TaskSpec task) {
        if (!task.architecture().equals(model.architecture())
                || !task.baseSha256().equals(model.sha256())) {
            throw new IllegalArgumentException(
                    "adapter/base mismatch: task %s trains adapters for the %s model with SHA-256 %s, but %s is a %s model with SHA-256 %s"
                            .formatted(
                                    task.task(),
                                    task.architecture(),
                                    task.baseSha256(),
                                    file.path(),
                                    model.architecture(),
                                    model.sha256()));
        }
        if (task.generates() && model.outputMatrix().isEmpty()) {
            throw new IllegalArgumentException(
                    "task %s has no labels and would learn to answer prompts, but a %s model predicts no tokens"
                            .formatted(task.task(), model.architecture()));
        }
    }

    /** Ends the threads. */
    @Override
    public void close() {
        pool.close();
    }
}
