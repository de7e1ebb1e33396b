package dev.fedlora.lora.train;

import dev.fedlora.lora.data.EncodedExample;
import dev.fedlora.lora.data.EncodedText;
import dev.fedlora.lora.model.AdapterGradients;
import dev.fedlora.lora.model.BaseModel;
import dev.fedlora.lora.model.BoundAdapter;
import dev.fedlora.lora.model.Dropout;
import dev.fedlora.lora.model.ForwardPass;
import dev.fedlora.lora.model.LabelledBatch;
import dev.fedlora.lora.model.LanguageBatch;
import dev.fedlora.lora.model.NextTokenModel;
import dev.fedlora.lora.model.Segments;
import dev.fedlora.lora.model.SequenceClassifier;
import dev.fedlora.lora.model.TokenBatch;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One thread's working memory, used as what the examples need: a classifier of texts, or a model of what comes next. */
final class Worker implements AutoCloseable {
    private final ForwardPass pass;
    private final SequenceClassifier classifier;
    private final @Nullable NextTokenModel language;

    /** @param pass closed with this */
    Worker(ForwardPass pass) {
        BaseModel model = pass.model();
        this.pass = pass;
        this.classifier = new SequenceClassifier(pass);
        this.language = model.outputMatrix().isPresent() ? new NextTokenModel(pass) : null;
    }

    /**
     * Adds the gradient of a micro-batch's loss to the accumulators that its members name.
     *
     * @return the sum of the weighted losses
     */
    double addGradient(List<Member> members, Dropout dropout, BoundAdapter adapter, AdapterGradients gradients) {
        pass.setDropout(dropout);
        if (members.get(0).example() instanceof EncodedText) {
            LanguageBatch batch = languageBatch(members);
            return language().addGradient(batch, adapter, segments(batch.tokens(), members), gradients);
        }
        LabelledBatch batch = labelledBatch(members);
        return classifier.addGradient(batch, adapter, segments(batch.tokens(), members), gradients);
    }

    /** Returns one value for each text and class. */
    double[] logits(List<int[]> texts, BoundAdapter adapter) {
        pass.setDropout(Dropout.NONE);
        return classifier.logits(TokenBatch.of(texts), adapter);
    }

    /** Returns the sum of the losses of all tokens that are to be predicted. */
    double loss(List<EncodedText> texts, @Nullable BoundAdapter adapter) {
        pass.setDropout(Dropout.NONE);
        List<Member> members =
                texts.stream().map(text -> new Member(text, 0, 1)).toList();
        double sum = 0;
        for (double loss : language().losses(languageBatch(members), adapter)) {
            sum += loss;
        }
        return sum;
    }

    private NextTokenModel language() {
        if (language == null) {
            throw new IllegalStateException(
                    "a %s model does not predict tokens".formatted(pass.model().architecture()));
        }
        return language;
    }

    private static Segments segments(TokenBatch batch, List<Member> members) {
        return Segments.of(batch, members.stream().mapToInt(Member::accumulator).toArray());
    }

    private static LabelledBatch labelledBatch(List<Member> members) {
        int size = members.size();
        List<int[]> tokens = new ArrayList<>(size);
        int[] labels = new int[size];
        float[] weights = new float[size];
        for (int i = 0; i < size; i++) {
            EncodedExample example = (EncodedExample) members.get(i).example();
            tokens.add(example.tokens());
            labels[i] = example.label();
            weights[i] = members.get(i).weight();
        }
        return new LabelledBatch(TokenBatch.of(tokens), labels, weights);
    }

    private static LanguageBatch languageBatch(List<Member> members) {
        int size = members.size();
        List<int[]> tokens = new ArrayList<>(size);
        List<boolean[]> learned = new ArrayList<>(size);
        float[] weights = new float[size];
        for (int i = 0; i < size; i++) {
            EncodedText text = (EncodedText) members.get(i).example();
            tokens.add(text.tokens());
            learned.add(text.learned());
            weights[i] = members.get(i).weight();
        }
        return LanguageBatch.of(tokens, learned, weights);
    }

    @Override
    public void close() {
        pass.close();
    }
}
