package dev.fedlora.cli.training;

import dev.fedlora.cli.artifact.AdapterFile;
import dev.fedlora.cli.artifact.OpenedBase;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.cli.command.ComputeOptions;
import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.EncodedExample;
import dev.fedlora.lora.data.ExampleEncoder;
import dev.fedlora.lora.data.JsonlExamples;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.tensor.MatrixBackend;
import dev.fedlora.lora.train.ClassificationEvaluation;
import dev.fedlora.lora.train.Evaluator;
import dev.fedlora.lora.train.WorkerPool;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fedlora eval}: how well an adapter classifies. */
@Command(name = "eval", description = "Evaluate a classifying adapter on labelled examples.")
public final class EvalCommand extends AnsweringCommand {
    @Option(
            names = "--base",
            required = true,
            paramLabel = "MODEL",
            description = "A GGUF file, or the built-in all-minilm-l6-v2.")
    private String base;

    @Option(
            names = "--adapter",
            required = true,
            paramLabel = "ADAPTER",
            description = "A PEFT directory or an adapter as a coordinator stores it, with a classifier head.")
    private Path adapterPath;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "FILE",
            description = "JSONL with {\"text\", \"label\"} a line.")
    private Path data;

    @Option(
            names = "--max-tokens",
            paramLabel = "T",
            defaultValue = "96",
            description = "Longest text, the rest is cut off (default: ${DEFAULT-VALUE}).")
    private int maxTokens = 96;

    @Mixin
    private ComputeOptions compute;

    @Override
    protected Answer answer() throws IOException, InterruptedException {
        MatrixBackend backend = fromOptions(compute::backend);
        int threads = fromOptions(compute::threads);
        OpenedBase opened = OpenedBase.open(base);
        LoraAdapter adapter = AdapterFile.read(adapterPath, opened.file());
        ClassifierHead head = adapter.head();
        if (head == null) {
            throw new MalformedFileException(adapterPath, "has no classifier head, so there is nothing to evaluate");
        }
        ExampleEncoder encoder = fromOptions(() -> new ExampleEncoder(opened.tokenizer(), head.labels(), maxTokens));
        List<EncodedExample> examples = encoder.encode(JsonlExamples.read(data, head.labels()));
        try (WorkerPool pool = new WorkerPool(opened.model(), backend, threads)) {
            ClassificationEvaluation evaluation =
                    new Evaluator(pool).evaluate(opened.model().bind(adapter), examples);
            return Answer.of(EvaluationText.json(evaluation), EvaluationText.text(evaluation));
        }
    }
}
