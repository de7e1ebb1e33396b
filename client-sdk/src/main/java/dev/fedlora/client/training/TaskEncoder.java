package dev.fedlora.client.training;

import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.lora.data.EncodedExample;
import dev.fedlora.lora.data.EncodedText;
import dev.fedlora.lora.data.Example;
import dev.fedlora.lora.data.ExampleEncoder;
import dev.fedlora.lora.data.JsonlExamples;
import dev.fedlora.lora.data.JsonlPrompts;
import dev.fedlora.lora.data.OwnedExample;
import dev.fedlora.lora.data.PromptEncoder;
import dev.fedlora.lora.data.PromptExample;
import dev.fedlora.lora.data.PromptTemplate;
import dev.fedlora.lora.data.TrainingExample;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Examples as a task wants them: texts with one of its labels, or, where it has no labels, prompts and responses in its
 * template. Immutable and thread-safe.
 */
final class TaskEncoder {
    private final TaskSpec task;
    private final GgufFile model;
    private final Tokenizer tokenizer;

    TaskEncoder(TaskSpec task, GgufFile model, Tokenizer tokenizer) {
        this.task = task;
        this.model = model;
        this.tokenizer = tokenizer;
    }

    /** Reads examples of the task's kind; a line that is none is refused by its number. */
    List<? extends OwnedExample> read(Path jsonl) throws IOException {
        return task.generates() ? JsonlPrompts.read(jsonl) : JsonlExamples.read(jsonl, task.labels());
    }

    /** Returns examples to train on: groups are kept where the task protects groups, or protects nothing. */
    List<TrainingExample> forTraining(List<? extends OwnedExample> examples) {
        boolean isGrouped = task.privacy() == null || task.privacy().unit().equals("group");
        List<TrainingExample> encoded = new ArrayList<>();
        if (task.generates()) {
            for (EncodedText text : texts(examples)) {
                encoded.add(isGrouped ? text : new EncodedText(text.tokens(), text.learned(), null));
            }
        } else {
            for (EncodedExample example : labelled(examples)) {
                encoded.add(isGrouped ? example : new EncodedExample(example.tokens(), example.label(), null));
            }
        }
        return encoded;
    }

    /**
     * Returns the examples of a task with labels.
     *
     * @throws IllegalArgumentException when one is of the other kind or has a label that is not the task's
     */
    List<EncodedExample> labelled(List<? extends OwnedExample> examples) {
        ExampleEncoder encoder = new ExampleEncoder(tokenizer, task.labels(), task.maxTokens());
        return encoder.encode(cast(Example.class, examples, "labels texts", "a prompt with a response"));
    }

    /**
     * Returns the examples of a task without labels.
     *
     * @throws IllegalArgumentException when one is of the other kind, or the task's template is unknown
     */
    List<EncodedText> texts(List<? extends OwnedExample> examples) {
        PromptTemplate template;
        try {
            template = PromptTemplate.of(task.template(), model);
        } catch (IllegalArgumentException unknown) {
            throw new IllegalArgumentException("task %s: %s".formatted(task.task(), unknown.getMessage()), unknown);
        }
        PromptEncoder encoder = new PromptEncoder(tokenizer, template, task.maxTokens());
        return encoder.encode(cast(PromptExample.class, examples, "learns to answer prompts", "a text with a label"));
    }

    private <E extends OwnedExample> List<E> cast(
            Class<E> kind, List<? extends OwnedExample> examples, String wanted, String got) {
        for (int i = 0; i < examples.size(); i++) {
            if (!kind.isInstance(examples.get(i))) {
                throw new IllegalArgumentException("task %s %s, but example %d of %d is %s"
                        .formatted(task.task(), wanted, i + 1, examples.size(), got));
            }
        }
        return examples.stream().map(kind::cast).toList();
    }
}
