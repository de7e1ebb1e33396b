package dev.fedlora.cli.training;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.artifact.AdapterExport;
import dev.fedlora.cli.artifact.OpenedBase;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.cli.command.CleanEnd;
import dev.fedlora.cli.command.ComputeOptions;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.JsonlData;
import dev.fedlora.lora.data.JsonlExamples;
import dev.fedlora.lora.data.TrainingExample;
import dev.fedlora.lora.model.ActivationPolicy;
import dev.fedlora.lora.tensor.MatrixBackend;
import dev.fedlora.lora.train.CheckpointStore;
import dev.fedlora.lora.train.ClassificationEvaluation;
import dev.fedlora.lora.train.Evaluation;
import dev.fedlora.lora.train.LanguageEvaluation;
import dev.fedlora.lora.train.LoraTrainer;
import dev.fedlora.lora.train.MemoryPlan;
import dev.fedlora.lora.train.WorkerPool;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fedlora train}: an adapter from one file of examples. */
@Command(
        name = "train",
        description = {
            "Train a LoRA adapter on one file of examples, without a federation: a classifier from texts with labels, or a"
                    + " language model's answers from prompts with responses.",
            "Ctrl-C ends it after the step that is being taken; with --checkpoint, the same command goes on from there."
        })
public final class TrainCommand extends AnsweringCommand {
    @Option(
            names = "--base",
            required = true,
            paramLabel = "MODEL",
            description = "A GGUF file, or the built-in all-minilm-l6-v2.")
    private String base;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "FILE",
            description =
                    "JSONL with {\"text\", \"label\"} or {\"prompt\", \"response\"} a line, and \"group\" where several"
                            + " examples are of one person.")
    private Path data;

    @Option(names = "--test", paramLabel = "FILE", description = "JSONL to evaluate on afterwards.")
    private @Nullable Path test;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Where to write the adapter.")
    private Path out;

    @Mixin
    private TrainingOptions options = new TrainingOptions();

    @Mixin
    private TextOptions texts = new TextOptions();

    @Mixin
    private ResourceOptions resources = new ResourceOptions();

    @Mixin
    private ComputeOptions compute;

    @Override
    protected Answer answer() throws IOException, InterruptedException {
        CleanEnd end = new CleanEnd();
        try {
            return train();
        } finally {
            end.allClosed();
        }
    }

    private Answer train() throws IOException, InterruptedException {
        MatrixBackend backend = fromOptions(compute::backend);
        int threads = fromOptions(compute::threads);
        requireOptionsFit();
        AdapterExport.requireWritable(out);
        OpenedBase opened = OpenedBase.open(base);
        fromOptions(() -> options.adapterSpec(opened.model()));
        DataReader reader = reader(opened);
        List<? extends TrainingExample> examples = reader.read(data);
        List<? extends TrainingExample> heldBack = test == null ? List.of() : reader.read(test);
        LoraAdapter adapter = fromOptions(
                () -> opened.model().newAdapter(options.adapterSpec(opened.model()), reader.labels(), options.seed()));
        MemoryPlan plan = fromOptions(() -> {
            boolean isPrivate = options.noiseMultiplier() != null;
            return resources.plan(
                    MemoryPlan.Demand.of(opened.model(), adapter, options.variant(), examples, isPrivate), threads);
        });
        TrainingRun run = run(examples, reader);
        try (WorkerPool pool = new WorkerPool(opened.model(), backend, plan)) {
            LoraTrainer trainer = new LoraTrainer(pool, adapter, options.variant(), examples, heldBack);
            ObjectNode json = Answer.object();
            try (TrainingProgress progress = new TrainingProgress(progress())) {
                run.train(trainer, progress, json);
                progress.addTo(json);
            }
            json.put("backend", backend.name());
            json.put("parameters", trainer.parameterCount());
            json.putObject("memory")
                    .put("activations", plan.policy() == ActivationPolicy.KEEP ? "kept" : "recomputed")
                    .put("rows", plan.rows())
                    .put("threads", plan.workers());
            AdapterExport export = AdapterExport.write(adapter, opened.file(), out); // whatever the evaluation comes to
            if (test != null) {
                addTest(trainer, json);
            }
            export.addTo(json.putObject("adapter"));
            return Answer.of(json, TrainingText.of(json));
        }
    }

    /** Refuses what no data could make right. */
    private void requireOptionsFit() {
        fromOptions(() -> {
            resources.check();
            options.variant();
            options.optimizer();
            boolean isPrivate = options.noiseMultiplier() != null;
            if (isPrivate && resources.keepsCheckpoints()) {
                throw new IllegalArgumentException(
                        "--checkpoint does not go with --dp-noise-multiplier: steps taken again"
                                + " after an interruption would spend more than the epsilon that is told");
            }
            if (isPrivate && options.packs()) {
                throw new IllegalArgumentException(
                        "--pack does not go with --dp-noise-multiplier: there every example joins"
                                + " a batch by its own chance");
            }
            return true;
        });
    }

    private DataReader reader(OpenedBase opened) throws IOException {
        if (JsonlData.holdsPrompts(data)) {
            return fromOptions(() -> DataReader.prompts(opened, texts));
        }
        List<String> labels = JsonlExamples.labels(JsonlExamples.read(data));
        return fromOptions(() -> DataReader.classified(opened, texts, labels));
    }

    private TrainingRun run(List<? extends TrainingExample> examples, DataReader reader) throws IOException {
        CheckpointStore store = resources.checkpoints();
        int maxTokens =
                texts.maxTokens(reader.labels().isEmpty() ? TextOptions.LEARNED_TOKENS : TextOptions.CLASSIFIED_TOKENS);
        return fromOptions(() -> {
            Double noise = options.noiseMultiplier();
            int packed = options.packs() ? Math.multiplyExact(options.batch(), maxTokens) : 0;
            return noise == null
                    ? TrainingRun.plain(options, examples.size(), packed, store)
                    : TrainingRun.secret(options, noise, examples);
        });
    }

    private static void addTest(LoraTrainer trainer, ObjectNode json) throws InterruptedException {
        Evaluation result = trainer.evaluate();
        if (result instanceof LanguageEvaluation evaluation) {
            json.put("perplexity", evaluation.perplexity());
            json.put("testLoss", evaluation.meanLoss());
            json.put("testTokens", evaluation.tokens());
        } else if (result instanceof ClassificationEvaluation evaluation) {
            json.put("accuracy", evaluation.accuracy());
            json.put("testLoss", evaluation.meanLoss());
        }
    }
}
