package dev.fedlora.lora.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.EncodedExample;
import dev.fedlora.lora.model.BoundAdapter;
import java.util.List;
import org.junit.jupiter.api.Test;

class EvaluatorTest {
    @Test
    void evaluate_headThatAlwaysSaysB_countsByLabel() throws InterruptedException {
        LoraAdapter adapter = TinyTask.adapter();
        adapter.head().bias()[1] = (float) Math.log(2); // probabilities 1/4, 1/2, 1/4
        BoundAdapter bound = TinyTask.MODEL.bind(adapter);
        List<EncodedExample> examples = List.of(example(0), example(1), example(1), example(2));
        try (WorkerPool pool = TinyTask.pool(2)) {
            ClassificationEvaluation evaluation = new Evaluator(pool).evaluate(bound, examples);
            assertThat(evaluation.accuracy()).isEqualTo(0.5);
            assertThat(evaluation.meanLoss()).isCloseTo((2 * Math.log(4) + 2 * Math.log(2)) / 4, within(1e-7));
            assertThat(evaluation.labels())
                    .containsExactly(
                            new ClassificationEvaluation.LabelCount("a", 1, 0, 0),
                            new ClassificationEvaluation.LabelCount("b", 2, 4, 2),
                            new ClassificationEvaluation.LabelCount("c", 1, 0, 0));
            List<Prediction> predictions = new Evaluator(pool).predict(bound, List.of(new int[] {1, 2}, new int[] {3}));
            assertThat(predictions).hasSize(2).allSatisfy(prediction -> {
                assertThat(prediction.label()).isEqualTo(1);
                assertThat(prediction.probability()).isCloseTo(0.5, within(1e-7));
            });
        }
    }

    @Test
    void evaluate_noExamples_isRefused() {
        try (WorkerPool pool = TinyTask.pool(1)) {
            assertThatThrownBy(() -> new Evaluator(pool).evaluate(TinyTask.MODEL.bind(TinyTask.adapter()), List.of()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("there are no examples");
        }
    }

    private static EncodedExample example(int label) {
        return new EncodedExample(new int[] {1, label}, label, null);
    }
}
