package dev.fedlora.cli.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.artifact.OpenedBase;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.cli.command.ComputeOptions;
import dev.fedlora.lora.file.TextFile;
import dev.fedlora.lora.model.Perplexity;
import dev.fedlora.lora.tensor.MatrixBackend;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fedlora model perplexity}: how well a model predicts a text. */
@Command(
        name = "perplexity",
        description =
                "Measure how well a model predicts a text, as llama.cpp's tool does: the second half of each chunk.")
final class PerplexityCommand extends AnsweringCommand {
    @Mixin
    private LanguageModelOptions language;

    @Option(names = "--text-file", required = true, paramLabel = "FILE", description = "A text in UTF-8.")
    private Path textFile;

    @Option(
            names = "--context",
            paramLabel = "T",
            defaultValue = "512",
            description = "Tokens of a chunk (default: ${DEFAULT-VALUE}).")
    private int context = 512;

    @Mixin
    private ComputeOptions compute;

    @Override
    protected Answer answer() throws IOException, InterruptedException {
        MatrixBackend backend = fromOptions(compute::exactBackend);
        int threads = fromOptions(compute::threads);
        OpenedBase base = language.open();
        Perplexity.Text text = new Perplexity.Text(
                LanguageModelOptions.tokens(base, TextFile.read(textFile)),
                base.tokenizer().beginId(),
                context);
        Perplexity result = Perplexity.of(base.model(), backend, threads, language.adapter(base), text);
        ObjectNode json = Answer.object().put("perplexity", result.perplexity()).put("chunks", result.chunks());
        return Answer.of(
                json,
                "perplexity %.4f over %d chunks of %d tokens".formatted(result.perplexity(), result.chunks(), context));
    }
}
