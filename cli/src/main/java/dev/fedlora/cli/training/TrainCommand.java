package dev.fedlora.cli.training;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.artifact.AdapterExport;
import dev.fedlora.cli.artifact.OpenedBase;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.cli.command.ComputeOptions;
import dev.fedlora.cli.command.ProgressLine;
import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.EncodedExample;
import dev.fedlora.lora.data.Example;
import dev.fedlora.lora.data.ExampleEncoder;
import dev.fedlora.lora.data.JsonlExamples;
import dev.fedlora.lora.tensor.MatrixBackend;
import dev.fedlora.lora.train.ClassificationEvaluation;
import dev.fedlora.lora.train.Evaluator;
import dev.fedlora.lora.train.LoraTrainer;
import dev.fedlora.lora.train.ProgressListener;
import dev.fedlora.lora.train.WorkerPool;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fedlora train}: an adapter from one file of examples. */
@Command(
        name = "train",
        description = "Train a classifying LoRA adapter on one file of examples, without a federation.")
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
                    "JSONL with {\"text\", \"label\"} a line, and \"group\" where several examples are of one person.")
    private Path data;

    @Option(names = "--test", paramLabel = "FILE", description = "JSONL to evaluate on afterwards.")
    private @Nullable Path test;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Where to write the adapter.")
    private Path out;

    @Mixin
    private TrainingOptions options = new TrainingOptions();

    @Mixin
    private ComputeOptions compute;

    @Override
    protected Answer answer() throws IOException, InterruptedException {
        MatrixBackend backend = fromOptions(compute::backend);
        int threads = fromOptions(compute::threads);
        AdapterSpec spec = fromOptions(options::adapterSpec);
        AdapterExport.requireWritable(out);
        OpenedBase opened = OpenedBase.open(base);
        List<Example> examples = JsonlExamples.read(data);
        TrainingRun run = fromOptions(() -> TrainingRun.of(options, examples));
        List<String> labels = JsonlExamples.labels(examples);
        ExampleEncoder encoder = fromOptions(() -> new ExampleEncoder(opened.tokenizer(), labels, options.maxTokens()));
        List<EncodedExample> heldBack = test == null ? List.of() : encoder.encode(JsonlExamples.read(test, labels));
        LoraAdapter adapter = fromOptions(() -> opened.model().newAdapter(spec, labels, options.seed()));
        long start = System.nanoTime();
        try (WorkerPool pool = new WorkerPool(opened.model(), backend, threads)) {
            LoraTrainer trainer = new LoraTrainer(pool, adapter, encoder.encode(examples), heldBack);
            ObjectNode json = Answer.object();
            ProgressLine line = new ProgressLine(progress());
            run.train(trainer, done -> line.show(done.step(), done.steps(), words(done)), json);
            line.clear();
            json.put("seconds", (System.nanoTime() - start) / 1e9);
            json.put("backend", backend.name());
            json.put("parameters", adapter.parameterCount());
            if (test != null) {
                ClassificationEvaluation evaluation =
                        new Evaluator(pool).evaluate(opened.model().bind(adapter), heldBack);
                json.put("accuracy", evaluation.accuracy());
                json.put("testLoss", evaluation.meanLoss());
            }
            AdapterExport.write(adapter, opened.file(), out).addTo(json.putObject("adapter"));
            return Answer.of(json, text(json));
        }
    }

    private static String words(ProgressListener.StepProgress done) {
        String step = "step %d of %d".formatted(done.step(), done.steps());
        return Double.isNaN(done.loss()) ? step : step + ", loss %.4f".formatted(done.loss());
    }

    private static String text(ObjectNode json) {
        List<String> parts = new ArrayList<>();
        parts.add("%d steps in %.1f s on back end %s"
                .formatted(
                        json.get("steps").asInt(),
                        json.get("seconds").asDouble(),
                        json.get("backend").asText()));
        if (json.has("epsilon")) {
            parts.add("epsilon %.4f at delta %s"
                    .formatted(json.get("epsilon").asDouble(), json.get("delta").asText()));
        }
        if (json.has("loss")) {
            parts.add("training loss %.4f".formatted(json.get("loss").asDouble()));
        }
        if (json.has("accuracy")) {
            parts.add("test accuracy %.4f, loss %.4f"
                    .formatted(
                            json.get("accuracy").asDouble(),
                            json.get("testLoss").asDouble()));
        }
        parts.add("PEFT directory " + json.get("adapter").get("peft").asText());
        parts.add("GGUF adapter   " + json.get("adapter").get("gguf").asText());
        return String.join(System.lineSeparator(), parts);
    }
}
