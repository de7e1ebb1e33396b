package dev.fedlora.cli.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.artifact.OpenedBase;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.cli.command.ComputeOptions;
import dev.fedlora.lora.data.ChatTemplates;
import dev.fedlora.lora.data.PromptEncoder;
import dev.fedlora.lora.data.PromptTemplate;
import dev.fedlora.lora.model.Sampling;
import dev.fedlora.lora.model.TextGenerator;
import dev.fedlora.lora.tensor.MatrixBackend;
import dev.fedlora.lora.tokenizer.StreamingDecoder;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Arrays;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fedlora model generate}: continues a text or answers a prompt, printing it as it comes. */
@Command(
        name = "generate",
        description = "Continue a text or answer a prompt; what is generated is printed as it comes.")
final class GenerateCommand extends AnsweringCommand {
    @Mixin
    private LanguageModelOptions language;

    @Option(
            names = "--prompt",
            required = true,
            paramLabel = "TEXT",
            description = "The text to continue or to answer.")
    private String prompt;

    @Option(
            names = "--template",
            paramLabel = "NAME",
            defaultValue = ChatTemplates.AUTO,
            description = "How the prompt is put, as in training: plain continues the text as it is, others are lines,"
                    + " instruction, chatml, llama3 and more; auto takes the model's own, plain where it has none"
                    + " (default: ${DEFAULT-VALUE}).")
    private String template = ChatTemplates.AUTO;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "128",
            description = "The most tokens to generate (default: ${DEFAULT-VALUE}).")
    private int maxTokens = 128;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "0",
            description = "How far to stray from the likeliest token; 0 takes it always (default: ${DEFAULT-VALUE}).")
    private double temperature;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            defaultValue = "40",
            description = "Draw from the K likeliest tokens; 0 for all (default: ${DEFAULT-VALUE}).")
    private int topK = 40;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            defaultValue = "0.95",
            description =
                    "Draw from the likeliest tokens that together have probability P (default: ${DEFAULT-VALUE}).")
    private double topP = 0.95;

    @Option(
            names = "--min-p",
            paramLabel = "P",
            defaultValue = "0.05",
            description = "Draw from tokens with P times the likeliest one's probability (default: ${DEFAULT-VALUE}).")
    private double minP = 0.05;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "Of the draws: the same seed gives the same text (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Mixin
    private ComputeOptions compute;

    @Override
    protected Answer answer() throws IOException {
        MatrixBackend backend = fromOptions(compute::backend);
        TextGenerator.Plan plan =
                fromOptions(() -> new TextGenerator.Plan(maxTokens, new Sampling(temperature, topK, topP, minP, seed)));
        OpenedBase base = language.open();
        int[] promptTokens = fromOptions(() -> promptTokens(base));
        StringBuilder text = new StringBuilder();
        StreamingDecoder decoder = new StreamingDecoder(base.tokenizer());
        int[] tokens;
        try (TextGenerator generator = new TextGenerator(base.model(), backend.open())) {
            tokens = generator.generate(
                    promptTokens,
                    language.adapter(base),
                    plan,
                    base.tokenizer()::isEnd,
                    token -> show(decoder.accept(token), text));
        }
        show(decoder.finish(), text);
        ObjectNode json = Answer.object().put("text", text.toString());
        ArrayNode ids = json.putArray("tokens");
        Arrays.stream(tokens).forEach(ids::add);
        return Answer.of(json, ""); // what people read has been printed already
    }

    /** What a model was trained with is what it is asked with, to the token. */
    private int[] promptTokens(OpenedBase base) {
        PromptTemplate known = PromptTemplate.of(template, base.file());
        return new PromptEncoder(base.tokenizer(), known, Integer.MAX_VALUE).encodePrompt(prompt);
    }

    private boolean show(String piece, StringBuilder text) {
        text.append(piece);
        if (!isJson()) {
            PrintWriter out = output();
            out.print(piece);
            out.flush();
        }
        return true;
    }

    @Override
    protected void afterwards() {
        if (!isJson()) {
            output().println();
            output().flush();
        }
    }
}
