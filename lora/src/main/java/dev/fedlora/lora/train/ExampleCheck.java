package dev.fedlora.lora.train;

import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.data.EncodedExample;
import dev.fedlora.lora.data.EncodedText;
import dev.fedlora.lora.data.TrainingExample;
import dev.fedlora.lora.model.BaseModel;
import dev.fedlora.lora.model.BoundAdapter;
import java.util.List;

/** Refuses examples that a model or head cannot take, before anything is computed. Names their place, not their text. */
final class ExampleCheck {
    private ExampleCheck() {}

    static ClassifierHead head(BoundAdapter adapter) {
        ClassifierHead head = adapter.adapter().head();
        if (head == null) {
            throw new IllegalArgumentException("the adapter has no classifier head");
        }
        return head;
    }

    /** Checks examples, which must all be of one kind, and whether the adapter is for that kind. */
    static void check(BaseModel model, BoundAdapter adapter, List<? extends TrainingExample> examples) {
        requireAny(examples);
        if (examples.get(0) instanceof EncodedText) {
            if (adapter.adapter().head() != null) {
                throw new IllegalArgumentException("the adapter has a classifier head, which texts do not train");
            }
            checkTexts(model, examples);
            return;
        }
        int classes = head(adapter).labels().size();
        for (int i = 0; i < examples.size(); i++) {
            if (!(examples.get(i) instanceof EncodedExample example)) {
                throw new IllegalArgumentException(
                        "example %d is a text to be learned, those before it have a class".formatted(i));
            }
            if (example.label() < 0 || example.label() >= classes) {
                throw new IllegalArgumentException(
                        "example %d has label %d, allowed are 0 to %d".formatted(i, example.label(), classes - 1));
            }
            checkTokens(model, i, example.tokens());
        }
    }

    /** Checks examples, all of which must be texts to be learned. */
    static void checkTexts(BaseModel model, List<? extends TrainingExample> examples) {
        requireAny(examples);
        if (model.outputMatrix().isEmpty()) {
            throw new IllegalArgumentException(
                    "a %s model does not predict tokens, so it cannot learn texts; it can learn classes of texts"
                            .formatted(model.architecture()));
        }
        for (int i = 0; i < examples.size(); i++) {
            if (!(examples.get(i) instanceof EncodedText text)) {
                throw new IllegalArgumentException(
                        "example %d has a class, those before it are texts to be learned".formatted(i));
            }
            checkTokens(model, i, text.tokens());
            if (text.learnedTokens() == 0) {
                throw new IllegalArgumentException("example %d has no token that is to be learned among its %d"
                        .formatted(i, text.tokens().length));
            }
        }
    }

    private static void requireAny(List<? extends TrainingExample> examples) {
        if (examples.isEmpty()) {
            throw new IllegalArgumentException("there are no examples");
        }
    }

    private static void checkTokens(BaseModel model, int example, int[] tokens) {
        if (tokens.length == 0 || tokens.length > model.contextLimit()) {
            throw new IllegalArgumentException("example %d has %d tokens, allowed are 1 to %d"
                    .formatted(example, tokens.length, model.contextLimit()));
        }
        for (int token : tokens) {
            if (token < 0 || token >= model.vocabulary()) {
                throw new IllegalArgumentException("example %d holds token %d, allowed are 0 to %d"
                        .formatted(example, token, model.vocabulary() - 1));
            }
        }
    }
}
