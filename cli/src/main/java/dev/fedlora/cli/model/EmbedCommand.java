package dev.fedlora.cli.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.cli.command.ComputeOptions;
import dev.fedlora.lora.data.ExampleEncoder;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.model.BertModel;
import dev.fedlora.lora.model.SequenceClassifier;
import dev.fedlora.lora.tensor.MatrixBackend;
import dev.fedlora.lora.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fedlora model embed}: the embedding of a text. */
@Command(name = "embed", description = "Compute a text's embedding: mean-pooled, of length 1.")
final class EmbedCommand extends AnsweringCommand {
    private static final int SHOWN = 8; // components, for people

    @Parameters(paramLabel = "FILE", description = "A GGUF encoder.")
    private Path file;

    @Option(names = "--text", required = true, paramLabel = "TEXT", description = "What to embed.")
    private String text;

    @Mixin
    private ComputeOptions compute;

    @Override
    protected Answer answer() throws IOException {
        MatrixBackend backend = fromOptions(compute::backend);
        GgufFile gguf = GgufFile.open(file);
        BertModel model = BertModel.of(gguf);
        // as in training: a text that is too long loses its end
        ExampleEncoder encoder = new ExampleEncoder(Tokenizers.of(gguf), List.of(), model.contextLimit());
        float[] embedding;
        try (SequenceClassifier classifier = new SequenceClassifier(model.open(backend.open()))) {
            embedding = classifier.embed(encoder.encodeText(text), null);
        }
        ObjectNode json = Answer.object();
        ArrayNode values = json.putArray("embedding");
        for (float value : embedding) {
            values.add(value);
        }
        return Answer.of(json, shown(embedding));
    }

    private static String shown(float[] embedding) {
        String first = IntStream.range(0, Math.min(SHOWN, embedding.length))
                .mapToObj(i -> "%.6f".formatted(embedding[i]))
                .collect(Collectors.joining(" "));
        return "%d components, the first: %s".formatted(embedding.length, first);
    }
}
