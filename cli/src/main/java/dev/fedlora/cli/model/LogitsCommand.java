package dev.fedlora.cli.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.artifact.OpenedBase;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.cli.command.ComputeOptions;
import dev.fedlora.lora.model.NextTokenModel;
import dev.fedlora.lora.tensor.MatrixBackend;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fedlora model logits}: what a model expects after each token of a text. */
@Command(name = "logits", description = "Compute a model's logits after each token of a text.")
final class LogitsCommand extends AnsweringCommand {
    private static final int SHOWN = 5; // tokens a position, for people

    @Mixin
    private LanguageModelOptions language;

    @ArgGroup(multiplicity = "1")
    private Input input;

    @Mixin
    private ComputeOptions compute;

    /** What is run: exactly one of them. */
    static final class Input {
        @Option(
                names = "--text",
                paramLabel = "TEXT",
                description = "A text; the token that begins texts is put before it where the model expects one.")
        private @Nullable String text;

        @Option(names = "--tokens", split = ",", paramLabel = "ID", description = "Token ids, exactly these.")
        private int @Nullable [] tokens;
    }

    @Override
    protected Answer answer() throws IOException {
        MatrixBackend backend = fromOptions(compute::exactBackend);
        OpenedBase base = language.open();
        String text = input.text;
        int[] given = input.tokens;
        int[] tokens = text != null ? LanguageModelOptions.tokens(base, text) : given == null ? new int[0] : given;
        float[] logits;
        try (NextTokenModel next = new NextTokenModel(base.model().open(backend.open()))) {
            logits = next.logits(tokens, language.adapter(base));
        }
        int vocabulary = base.model().vocabulary();
        return Answer.of(json(tokens, logits, vocabulary), shown(tokens, logits, vocabulary));
    }

    private static ObjectNode json(int[] tokens, float[] logits, int vocabulary) {
        ObjectNode json = Answer.object();
        ArrayNode ids = json.putArray("tokens");
        Arrays.stream(tokens).forEach(ids::add);
        ArrayNode rows = json.putArray("logits");
        for (int row = 0; row < tokens.length; row++) {
            ArrayNode values = rows.addArray();
            for (int i = 0; i < vocabulary; i++) {
                values.add(logits[row * vocabulary + i]);
            }
        }
        return json;
    }

    private static String shown(int[] tokens, float[] logits, int vocabulary) {
        return IntStream.range(0, tokens.length)
                .mapToObj(row -> "after %d: %s".formatted(tokens[row], best(logits, row * vocabulary, vocabulary)))
                .collect(Collectors.joining(System.lineSeparator()));
    }

    private static String best(float[] logits, int from, int vocabulary) {
        List<Integer> ids = IntStream.range(0, vocabulary)
                .boxed()
                .sorted(Comparator.comparing((Integer id) -> -logits[from + id]))
                .limit(SHOWN)
                .toList();
        return ids.stream()
                .map(id -> "%d (%.3f)".formatted(id, logits[from + id]))
                .collect(Collectors.joining(", "));
    }
}
