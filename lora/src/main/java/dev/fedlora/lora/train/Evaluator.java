package dev.fedlora.lora.train;

import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.data.EncodedExample;
import dev.fedlora.lora.model.BoundAdapter;
import dev.fedlora.lora.model.CrossEntropy;
import dev.fedlora.lora.model.SequenceClassifier;
import dev.fedlora.lora.model.TokenBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;

/** Classifies texts with an adapter on a pool's threads. The adapter must not be changed meanwhile. Thread-safe. */
public final class Evaluator {
    private final WorkerPool pool;

    public Evaluator(WorkerPool pool) {
        this.pool = pool;
    }

    /**
     * Compares predictions with labels.
     *
     * @throws IllegalArgumentException when there are no examples, the adapter has no head, a label is outside its classes,
     *     or an example does not fit the model
     * @throws InterruptedException when the thread is interrupted
     */
    public ClassificationEvaluation evaluate(BoundAdapter adapter, List<EncodedExample> examples)
            throws InterruptedException {
        ClassifierHead head = ExampleCheck.head(adapter);
        ExampleCheck.check(pool.model(), head, examples);
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
     * Returns the most likely class of each text.
     *
     * @param texts token ids
     * @throws IllegalArgumentException when the adapter has no head or a text does not fit the model
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
        for (List<int[]> shard : Shards.cut(texts, text -> text.length)) {
            tasks.add((classifier, stop) -> shardLogits(classifier, stop, adapter, shard));
        }
        double[] all = new double[texts.size() * classes];
        int next = 0;
        for (double[] part : pool.run(tasks)) {
            System.arraycopy(part, 0, all, next, part.length);
            next += part.length;
        }
        return all;
    }

    private static double[] shardLogits(
            SequenceClassifier classifier, AtomicBoolean stop, BoundAdapter adapter, List<int[]> shard) {
        if (stop.get()) {
            throw new CancellationException();
        }
        return classifier.logits(TokenBatch.of(shard), adapter);
    }

    private static int highest(double[] logits, int from, int count) {
        int best = 0;
        for (int c = 1; c < count; c++) {
            best = logits[from + c] > logits[from + best] ? c : best;
        }
        return best;
    }
}
