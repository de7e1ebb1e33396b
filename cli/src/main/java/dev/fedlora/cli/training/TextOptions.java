package dev.fedlora.cli.training;

import dev.fedlora.lora.data.ChatTemplates;
import dev.fedlora.lora.data.PromptTemplate;
import dev.fedlora.lora.gguf.GgufFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How examples become tokens. */
final class TextOptions {
    /** Default longest text where classes are learned: what tells the class stands near the beginning. */
    static final int CLASSIFIED_TOKENS = 96;

    /** Default longest text where texts are learned. */
    static final int LEARNED_TOKENS = 256;

    @Option(
            names = "--max-tokens",
            paramLabel = "T",
            description = "Longest text, the rest is cut off (default: " + CLASSIFIED_TOKENS
                    + " for texts with labels, " + LEARNED_TOKENS + " for prompts with responses).")
    private @Nullable Integer maxTokens;

    @Option(
            names = "--template",
            paramLabel = "NAME",
            defaultValue = ChatTemplates.AUTO,
            description =
                    "How prompt and response are put together: plain, lines, instruction, chatml, llama3 and others; "
                            + "auto takes the model's own, plain where it has none (default: ${DEFAULT-VALUE}).")
    private String template = ChatTemplates.AUTO;

    @Option(names = "--learn-prompts", description = "Have prompts and the template learned too, not responses alone.")
    private boolean learnsPrompts;

    int maxTokens(int otherwise) {
        return maxTokens == null ? otherwise : maxTokens;
    }

    PromptTemplate template(GgufFile model) {
        return PromptTemplate.of(template, model);
    }

    boolean learnsPrompts() {
        return learnsPrompts;
    }
}
