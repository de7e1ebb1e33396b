package dev.fedlora.cli.training;

import dev.fedlora.cli.artifact.OpenedBase;
import dev.fedlora.lora.data.ExampleEncoder;
import dev.fedlora.lora.data.JsonlExamples;
import dev.fedlora.lora.data.JsonlPrompts;
import dev.fedlora.lora.data.PromptEncoder;
import dev.fedlora.lora.data.TrainingExample;
import dev.fedlora.lora.file.MalformedFileException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Reads files of examples and encodes them for a base model. */
sealed interface DataReader {
    /** Returns the classes of the texts; none when they are to be learned. */
    List<String> labels();

    /**
     * Returns all examples of {@code file}.
     *
     * @throws MalformedFileException when one is not of this kind
     * @throws IOException when the file cannot be read
     */
    List<? extends TrainingExample> read(Path file) throws IOException;

    /** Returns what reads texts that have one of {@code labels}. */
    static DataReader classified(OpenedBase base, TextOptions options, List<String> labels) {
        return new Classified(
                labels, new ExampleEncoder(base.tokenizer(), labels, options.maxTokens(TextOptions.CLASSIFIED_TOKENS)));
    }

    /** Returns what reads prompts with responses. */
    static DataReader prompts(OpenedBase base, TextOptions options) {
        int maxTokens = Math.min(
                options.maxTokens(TextOptions.LEARNED_TOKENS), base.model().contextLimit());
        PromptEncoder encoder = new PromptEncoder(base.tokenizer(), options.template(base.file()), maxTokens);
        return new Prompts(options.learnsPrompts() ? encoder.learningPrompts() : encoder);
    }

    /** Texts with classes. */
    record Classified(List<String> labels, ExampleEncoder encoder) implements DataReader {
        @Override
        public List<? extends TrainingExample> read(Path file) throws IOException {
            return encoder.encode(JsonlExamples.read(file, labels));
        }
    }

    /** Texts that are to be learned. */
    record Prompts(PromptEncoder encoder) implements DataReader {
        @Override
        public List<String> labels() {
            return List.of();
        }

        @Override
        public List<? extends TrainingExample> read(Path file) throws IOException {
            return encoder.encode(JsonlPrompts.read(file));
        }
    }
}
