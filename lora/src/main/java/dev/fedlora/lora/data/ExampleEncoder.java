package dev.fedlora.lora.data;

import dev.fedlora.lora.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;

/** Turns examples into what a trainer takes: token ids cut to a length, and the label's index. Immutable, thread-safe. */
public final class ExampleEncoder {
    private static final int LEAST_TOKENS = 3; // one of text between the two around it

    private final Tokenizer tokenizer;
    private final List<String> labels;
    private final int maxTokens;

    /**
     * Encodes for a classifier.
     *
     * @param labels class names in the order of the classifier's rows
     * @param maxTokens longest sequence, special tokens included, at least 3
     * @throws IllegalArgumentException when {@code maxTokens} is less
     */
    public ExampleEncoder(Tokenizer tokenizer, List<String> labels, int maxTokens) {
        if (maxTokens < LEAST_TOKENS) {
            throw new IllegalArgumentException("max tokens must be at least " + LEAST_TOKENS + ", got " + maxTokens);
        }
        this.tokenizer = tokenizer;
        this.labels = List.copyOf(labels);
        this.maxTokens = maxTokens;
    }

    /**
     * Returns {@code example} as ids; what is too long loses the end of its text, and keeps the token that ends it.
     *
     * @throws IllegalArgumentException when its label is not one of the labels
     */
    public EncodedExample encode(Example example) {
        int label = labels.indexOf(example.label());
        if (label < 0) {
            throw new IllegalArgumentException(JsonlExamples.unknownLabel(example.label(), labels));
        }
        return new EncodedExample(encodeText(example.text()), label, example.group());
    }

    /** Returns {@code examples} as ids, in their order. */
    public List<EncodedExample> encode(List<Example> examples) {
        return examples.stream().map(this::encode).toList();
    }

    /** Returns the ids of {@code text} as {@link #encode(Example)} gives them. */
    public int[] encodeText(String text) {
        int[] all = tokenizer.encodeWithSpecial(text);
        if (all.length <= maxTokens) {
            return all;
        }
        int[] cut = Arrays.copyOf(all, maxTokens);
        tokenizer.endId().ifPresent(end -> cut[maxTokens - 1] = end);
        return cut;
    }
}
