package dev.fedlora.lora.train;

import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.data.EncodedExample;
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

    static void check(BaseModel model, ClassifierHead head, List<EncodedExample> examples) {
        if (examples.isEmpty()) {
            throw new IllegalArgumentException("there are no examples");
        }
        int classes = head.labels().size();
        for (int i = 0; i < examples.size(); i++) {
            int label = examples.get(i).label();
            if (label < 0 || label >= classes) {
                throw new IllegalArgumentException(
                        "example %d has label %d, allowed are 0 to %d".formatted(i, label, classes - 1));
            }
            checkTokens(model, i, examples.get(i).tokens());
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
