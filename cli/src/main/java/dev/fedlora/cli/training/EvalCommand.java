package dev.fedlora.cli.training;

import dev.fedlora.cli.artifact.AdapterFile;
import dev.fedlora.cli.artifact.OpenedBase;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.cli.command.ComputeOptions;
import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.EncodedExample;
import dev.fedlora.lora.data.EncodedText;
import dev.fedlora.lora.data.JsonlData;
import dev.fedlora.lora.data.TrainingExample;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.model.BoundAdapter;
import dev.fedlora.lora.tensor.MatrixBackend;
import dev.fedlora.lora.train.ClassificationEvaluation;
import dev.fedlora.lora.train.Evaluator;
import dev.fedlora.lora.train.LanguageEvaluation;
import dev.fedlora.lora.train.WorkerPool;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fedlora eval}: how well an adapter classifies, or how well it foretells responses. */
@Command(
        name = "eval",
        description = "Evaluate an adapter: accuracy on texts with labels, perplexity on prompts with responses.")
public final class EvalCommand extends AnsweringCommand {
    @Option(
            names = "--base",
            required = true,
            paramLabel = "MODEL",
            description = "A GGUF file, or the built-in all-minilm-l6-v2.")
    private String base;

    @Option(
            names = "--adapter",
            paramLabel = "ADAPTER",
            description =
                    "A PEFT directory, a GGUF adapter or an adapter as a coordinator stores it; with a classifier head "
                            + "for texts with labels. Without it, the base model alone is evaluated on prompts with responses.")
    private @Nullable Path adapterPath;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "FILE",
            description = "JSONL with {\"text\", \"label\"} or {\"prompt\", \"response\"} a line.")
    private Path data;

    @Mixin
    private TextOptions texts = new TextOptions();

    @Mixin
    private ComputeOptions compute;

    @Override
    protected Answer answer() throws IOException, InterruptedException {
        MatrixBackend backend = fromOptions(compute::backend);
        int threads = fromOptions(compute::threads);
        OpenedBase opened = OpenedBase.open(base);
        LoraAdapter adapter = adapterPath == null ? null : AdapterFile.read(adapterPath, opened.file());
        boolean isPrompts = JsonlData.holdsPrompts(data);
        try (WorkerPool pool = new WorkerPool(opened.model(), backend, threads)) {
            return isPrompts ? foretold(opened, adapter, pool) : classified(opened, adapter, pool);
        }
    }

    private Answer foretold(OpenedBase opened, @Nullable LoraAdapter adapter, WorkerPool pool)
            throws IOException, InterruptedException {
        DataReader reader = fromOptions(() -> DataReader.prompts(opened, texts));
        List<EncodedText> examples = all(reader, EncodedText.class);
        BoundAdapter bound = adapter == null ? null : opened.model().bind(adapter);
        LanguageEvaluation evaluation = new Evaluator(pool).evaluateTexts(bound, examples);
        return Answer.of(EvaluationText.json(evaluation), EvaluationText.text(evaluation));
    }

    private Answer classified(OpenedBase opened, @Nullable LoraAdapter adapter, WorkerPool pool)
            throws IOException, InterruptedException {
        if (adapter == null) {
            throw wrongUsage("texts with labels need an --adapter with a classifier head");
        }
        ClassifierHead head = adapter.head();
        if (head == null) {
            throw new MalformedFileException(
                    String.valueOf(adapterPath), "has no classifier head, so there is nothing to evaluate");
        }
        DataReader reader = fromOptions(() -> DataReader.classified(opened, texts, head.labels()));
        List<EncodedExample> examples = all(reader, EncodedExample.class);
        ClassificationEvaluation evaluation =
                new Evaluator(pool).evaluate(opened.model().bind(adapter), examples);
        return Answer.of(EvaluationText.json(evaluation), EvaluationText.text(evaluation));
    }

    private <E extends TrainingExample> List<E> all(DataReader reader, Class<E> kind) throws IOException {
        return reader.read(data).stream().map(kind::cast).toList();
    }
}
