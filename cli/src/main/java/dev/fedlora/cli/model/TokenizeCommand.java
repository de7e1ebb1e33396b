package dev.fedlora.cli.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fedlora model tokenize}: the token ids of a text. */
@Command(name = "tokenize", description = "Show the token ids of a text; no token is added before or after it.")
final class TokenizeCommand extends AnsweringCommand {
    @Parameters(paramLabel = "FILE", description = "A GGUF model.")
    private Path file;

    @Option(names = "--text", required = true, paramLabel = "TEXT", description = "What to tokenize.")
    private String text;

    @Override
    protected Answer answer() throws IOException {
        int[] tokens = Tokenizers.of(GgufFile.open(file)).encode(text);
        ObjectNode json = Answer.object();
        ArrayNode ids = json.putArray("tokens");
        Arrays.stream(tokens).forEach(ids::add);
        return Answer.of(json, Arrays.stream(tokens).mapToObj(String::valueOf).collect(Collectors.joining(" ")));
    }
}
