package dev.fedlora.lora.train;

import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.data.EncodedExample;
import dev.fedlora.lora.data.EncodedText;
import dev.fedlora.lora.data.TrainingExample;
import dev.fedlora.lora.model.BoundAdapter;
import dev.fedlora.lora.model.CrossEntropy;
import dev.fedlora.lora.model.NonFiniteException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Evaluates adapters, and classifies texts with them, on a pool's threads. The adapter must not be changed meanwhile. Thread-safe. */
public final class Evaluator {
    private final WorkerPool pool;

    public Evaluator(WorkerPool pool) {
        this.pool = pool;
    }

    /** Evaluates examples, all of one kind, as one of the two below does. */
    Evaluation evaluateAny(BoundAdapter adapter, List<? extends TrainingExample> examples) throws InterruptedException {
        ExampleCheck.check(pool.model(), adapter, examples);
        return examples.get(0) instanceof EncodedText
                ? evaluateTexts(
                        adapter, examples.stream().map(EncodedText.class::cast).toList())
                : evaluate(
                        adapter,
                        examples.stream().map(EncodedExample.class::cast).toList());
    }

    /**
     * Compares predictions with labels.
     *
     * @throws IllegalArgumentException when there are no examples, the adapter has no head, a label is outside its classes,
     *     or an example does not fit the model
     * @throws NonFiniteException when a result is not a finite number
     * @throws InterruptedException when the thread is interrupted
     */
    public ClassificationEvaluation evaluate(BoundAdapter adapter, List<EncodedExample> examples)
            throws InterruptedException {
        ClassifierHead head = ExampleCheck.head(adapter);
        ExampleCheck.check(pool.model(), adapter, examples);
        int classes = head.labels().size();
        int[][] counts = new int[3][classes]; // examples, predicted, correct
        double loss = 0;
        int correct = 0;
        double[] logits = logits(
                adapter, classes, examples.stream().map(EncodedExample::tokens).toList());
        for (int i = 0; i < examples.size(); i++) {
            int label = examples.get(i).label();
            int predicted = highest(logits, i * classes, classes);
            loss += CrossEntropy.loss(logits, i * classes, classes, label);
            counts[0][label]++;
            counts[1][predicted]++;
            if (predicted == label) {
                counts[2][label]++;
                correct++;
            }
        }
        List<ClassificationEvaluation.LabelCount> labels = new ArrayList<>();
        for (int c = 0; c < classes; c++) {
            labels.add(new ClassificationEvaluation.LabelCount(
                    head.labels().get(c), counts[0][c], counts[1][c], counts[2][c]));
        }
        return new ClassificationEvaluation(examples.size(), correct, loss / examples.size(), labels);
    }

    /**
     * Measures how well texts are foretold.
     *
     * @param adapter over the pool's model, or null for the base model alone
     * @throws IllegalArgumentException when there are no texts, one has no token that is to be predicted or does not fit the
     *     model, or the model does not predict tokens
     * @throws NonFiniteException when a result is not a finite number
     * @throws InterruptedException when the thread is interrupted
     */
    public LanguageEvaluation evaluateTexts(@Nullable BoundAdapter adapter, List<EncodedText> texts)
            throws InterruptedException {
        ExampleCheck.checkTexts(pool.model(), texts);
        List<WorkerPool.Task<Double>> tasks = new ArrayList<>();
        for (List<EncodedText> shard : Shards.cut(texts, Member::rows, pool.mostRows())) {
            tasks.add((worker, stop) -> {
                requireGoingOn(stop);
                return worker.loss(shard, adapter);
            });
        }
        double loss = 0;
        for (double part : pool.run(tasks)) {
            loss += part;
        }
        long tokens = Member.losses(texts);
        return new LanguageEvaluation(texts.size(), tokens, loss / tokens);
    }

    /**
     * Returns the most likely class of each text.
     *
     * @param texts token ids
     * @throws IllegalArgumentException when the adapter has no head or a text does not fit the model
     * @throws NonFiniteException when a result is not a finite number
     * @throws InterruptedException when the thread is interrupted
     */
    public List<Prediction> predict(BoundAdapter adapter, List<int[]> texts) throws InterruptedException {
        int classes = ExampleCheck.head(adapter).labels().size();
        double[] logits = logits(adapter, classes, texts);
        List<Prediction> predictions = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            int best = highest(logits, i * classes, classes);
            predictions.add(new Prediction(best, Math.exp(-CrossEntropy.loss(logits, i * classes, classes, best))));
        }
        return predictions;
    }

    private double[] logits(BoundAdapter adapter, int classes, List<int[]> texts) throws InterruptedException {
        List<WorkerPool.Task<double[]>> tasks = new ArrayList<>();
        for (List<int[]> shard : Shards.cut(texts, text -> text.length, pool.mostRows())) {
            tasks.add((worker, stop) -> {
                requireGoingOn(stop);
                return worker.logits(shard, adapter);
            });
        }
        double[] all = new double[texts.size() * classes];
        int next = 0;
        for (double[] part : pool.run(tasks)) {
            System.arraycopy(part, 0, all, next, part.length);
            next += part.length;
        }
        return all;
    }

    private static void requireGoingOn(AtomicBoolean stop) {
        if (stop.get()) {
            throw new CancellationException();
        }
    }

    private static int highest(double[] logits, int from, int count) {
        int best = 0;
        for (int c = 1; c < count; c++) {
            best = logits[from + c] > logits[from + best] ? c : best;
        }
        return best;
    }
}
