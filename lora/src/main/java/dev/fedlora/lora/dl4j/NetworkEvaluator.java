package dev.fedlora.lora.dl4j;

import dev.fedlora.lora.train.ClassificationEvaluation;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.evaluation.classification.ROC;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

/** Evaluates a network by ND4J's measures. Used once. */
final class NetworkEvaluator {
    /** Examples in one pass: bounds memory, and is past where larger batches are faster. */
    private static final int BATCH = 256;

    private final LoraNetwork network;
    private final List<DataSet> examples;
    private final int classes;
    private final Evaluation measures;
    private final ROC roc = new ROC(0); // no thresholds: exact

    NetworkEvaluator(LoraNetwork network, NetworkExamples heldBack) {
        this.network = network;
        this.examples = heldBack.examples();
        INDArray labels = examples.get(0).getLabels();
        this.classes = (int) labels.size(1);
        if (labels.rank() != 2 || classes < 2) {
            throw new IllegalStateException(
                    "evaluation is of classes, the labels held back have the shape %s for each example"
                            .formatted(labels.shapeInfoToString()));
        }
        this.measures = new Evaluation(classes);
    }

    NetworkEvaluation evaluate() throws InterruptedException {
        double loss = 0;
        for (int from = 0; from < examples.size(); from += BATCH) {
            if (Thread.interrupted()) {
                throw new InterruptedException("interrupted before example " + from);
            }
            List<DataSet> part = examples.subList(from, Math.min(examples.size(), from + BATCH));
            DataSet batch = DataSet.merge(part);
            INDArray probabilities =
                    network.network().output(batch.getFeatures(), false, batch.getFeaturesMaskArray(), null);
            measures.eval(batch.getLabels(), probabilities);
            if (classes == 2) {
                roc.eval(batch.getLabels(), probabilities);
            }
            loss += network.network().score(batch, false) * part.size();
        }
        OptionalDouble area = classes == 2 ? OptionalDouble.of(roc.calculateAUC()) : OptionalDouble.empty();
        return new NetworkEvaluation(summary(loss), measures.f1(), area);
    }

    private ClassificationEvaluation summary(double loss) {
        List<String> names = network.labels().isEmpty()
                ? IntStream.range(0, classes).mapToObj(Integer::toString).toList()
                : network.labels();
        List<ClassificationEvaluation.LabelCount> labels = new ArrayList<>();
        int correct = 0;
        for (int c = 0; c < classes; c++) {
            int right = measures.getConfusionMatrix().getCount(c, c);
            labels.add(new ClassificationEvaluation.LabelCount(
                    names.get(c),
                    measures.getConfusionMatrix().getActualTotal(c),
                    measures.getConfusionMatrix().getPredictedTotal(c),
                    right));
            correct += right;
        }
        return new ClassificationEvaluation(examples.size(), correct, loss / examples.size(), labels);
    }
}
