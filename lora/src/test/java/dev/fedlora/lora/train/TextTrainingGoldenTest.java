package dev.fedlora.lora.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.data.EncodedText;
import dev.fedlora.lora.data.TrainingExample;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.model.BaseModel;
import dev.fedlora.lora.model.BaseModels;
import dev.fedlora.lora.model.BoundAdapter;
import dev.fedlora.lora.model.Dropout;
import dev.fedlora.lora.model.LinearLayer;
import dev.fedlora.lora.safetensors.SafetensorsFile;
import dev.fedlora.lora.tensor.MatrixBackends;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The trainer against PyTorch: two texts of 40 tokens over a really trained model, rank 4, alpha 8 on all seven layers,
 * AdamW with decoupled weight decay. The error of a tensor is its distance from the oracle's in the Euclidean norm, relative
 * to it.
 */
class TextTrainingGoldenTest {
    private static final double RELATIVE = 1e-4; // floats, summed in another order than PyTorch's

    private static final OptimizerPlan OPTIMIZER =
            new OptimizerPlan(1e-3, 1, 0.01, 0, LearningRateSchedule.CONSTANT, Double.POSITIVE_INFINITY);

    @ParameterizedTest
    @CsvSource({"f32, reference, 1", "f32, vector, 2", "f32, onednn-f32, 3", "Q8_0, vector, 2", "Q8_0, onednn-f32, 2"})
    void train_threeSteps_equalPyTorch(String file, String backend, int threads)
            throws IOException, InterruptedException {
        SafetensorsFile golden = SafetensorsFile.open(Shared.path("golden/train-stories260K-" + file + ".safetensors"));
        BaseModel model = BaseModels.of(GgufFile.open(Shared.path("models/stories260K-" + file + ".gguf")));
        double[] expected = new ObjectMapper().readValue(golden.metadata().get("losses"), double[].class);
        LoraAdapter adapter = adapter(model, golden);
        List<TrainingExample> texts = texts(golden);
        try (WorkerPool pool = new WorkerPool(model, MatrixBackends.select(backend), threads)) {
            BoundAdapter bound = model.bind(adapter);
            BatchGradient gradient = new BatchGradient(pool, bound);
            gradient.compute(1, texts, Dropout.NONE, Double.POSITIVE_INFINITY);
            LoraAdapter asAdapter = adapter.copy();
            asAdapter.setParameters(gradient.values());
            assertClose("grad.", asAdapter, golden);

            LoraTrainer trainer = new LoraTrainer(pool, adapter, texts, texts);
            List<Double> losses = new ArrayList<>();
            trainer.train(new TrainingPlan(0, 3, 2, OPTIMIZER), 1, done -> losses.add(done.loss()));
            losses.add(trainer.evaluate().meanLoss());
            assertThat(losses).hasSize(4);
            for (int i = 0; i < 4; i++) {
                assertThat(losses.get(i)).isCloseTo(expected[i], within(RELATIVE * expected[i]));
            }
            assertClose("after3.", adapter, golden);
        }
    }

    private static LoraAdapter adapter(BaseModel model, SafetensorsFile golden) {
        List<String> targets =
                model.linearLayers().stream().map(LinearLayer::name).toList();
        LoraAdapter adapter = model.newAdapter(new AdapterSpec(4, 8, targets), List.of(), 0);
        for (LoraFactors factors : adapter.factors()) {
            float[] a = golden.floats("init." + factors.tensor() + ".lora_a");
            float[] b = golden.floats("init." + factors.tensor() + ".lora_b");
            System.arraycopy(a, 0, factors.a(), 0, a.length);
            System.arraycopy(b, 0, factors.b(), 0, b.length);
        }
        return adapter;
    }

    private static List<TrainingExample> texts(SafetensorsFile golden) throws IOException {
        List<TrainingExample> texts = new ArrayList<>();
        for (int[] tokens : new ObjectMapper().readValue(golden.metadata().get("tokens"), int[][].class)) {
            boolean[] learned = new boolean[tokens.length];
            Arrays.fill(learned, 1, learned.length, true);
            texts.add(new EncodedText(tokens, learned, null));
        }
        return texts;
    }

    private static void assertClose(String prefix, LoraAdapter actual, SafetensorsFile golden) {
        for (LoraFactors factors : actual.factors()) {
            assertClose(prefix + factors.tensor() + ".lora_a", factors.a(), golden);
            assertClose(prefix + factors.tensor() + ".lora_b", factors.b(), golden);
        }
    }

    private static void assertClose(String name, float[] actual, SafetensorsFile golden) {
        float[] expected = golden.floats(name);
        double distance = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            distance += Math.pow((double) actual[i] - expected[i], 2);
            norm += Math.pow(expected[i], 2);
        }
        assertThat(Math.sqrt(distance)).as(name).isLessThan(RELATIVE * Math.sqrt(norm) + 1e-12);
    }
}
