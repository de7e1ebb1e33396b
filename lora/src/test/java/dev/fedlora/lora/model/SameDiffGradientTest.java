package dev.fedlora.lora.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.tensor.MatrixBackends;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The engine's gradients of whole decoders against those that SameDiff derives by itself, in double. */
class SameDiffGradientTest {
    /**
     * Largest distance of a tensor's gradient g from the oracle's o, as |g - o| / |o| in the Euclidean norm. The engine keeps
     * activations in float; measured 4e-6 at most.
     */
    private static final double TOLERANCE = 1e-5;

    private final List<int[]> texts = List.of(new int[] {1, 2, 3, 4, 5, 3}, new int[] {9, 2, 10, 7});
    private final List<boolean[]> learned =
            List.of(new boolean[] {false, false, true, true, true, true}, new boolean[] {false, true, false, true});
    private final float[] weights = {0.5f, 0.25f};

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource(names = {"LLAMA", "QWEN2", "QWEN3", "BITNET"})
    void addGradient_allTargets_equalsSameDiff(TinyDecoder tiny) {
        GgufFile file = tiny.write(folder);
        BaseModel model = BaseModels.of(file);
        LoraAdapter adapter = adapter(model);
        double[] expected = new double[adapter.parameterCount()];
        for (int s = 0; s < texts.size(); s++) {
            double[] one = new SameDiffDecoder(tiny, file, adapter, texts.get(s)).gradient(learned.get(s), weights[s]);
            for (int i = 0; i < expected.length; i++) {
                expected[i] += one[i];
            }
        }

        assertClose(adapter, gradient(model, adapter), expected);
    }

    /** An adapter of all layers in the middle of training: B is not zero. */
    private static LoraAdapter adapter(BaseModel model) {
        List<String> all = model.linearLayers().stream().map(LinearLayer::name).toList();
        LoraAdapter adapter = model.newAdapter(new AdapterSpec(3, 6, all), List.of(), 2);
        SplittableRandom random = new SplittableRandom(2);
        float[] values = adapter.parameters();
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.3 * random.nextGaussian());
        }
        adapter.setParameters(values);
        return adapter;
    }

    private float[] gradient(BaseModel model, LoraAdapter adapter) {
        AdapterGradients gradients = new AdapterGradients(adapter.parameterCount());
        gradients.reset(1);
        LanguageBatch batch = LanguageBatch.of(texts, learned, weights);
        try (NextTokenModel next =
                new NextTokenModel(model.open(MatrixBackends.select("reference").open()))) {
            next.addGradient(batch, model.bind(adapter), Segments.whole(batch.tokens()), gradients);
        }
        return gradients.values(0);
    }

    /** Compares tensor by tensor, so that a small one cannot hide behind a large one. */
    private static void assertClose(LoraAdapter adapter, float[] actual, double[] expected) {
        int from = 0;
        for (LoraFactors each : adapter.factors()) {
            for (int length : new int[] {each.a().length, each.b().length}) {
                double distance = 0;
                double norm = 0;
                for (int i = from; i < from + length; i++) {
                    distance += (actual[i] - expected[i]) * (actual[i] - expected[i]);
                    norm += expected[i] * expected[i];
                }
                assertThat(norm).as(each.tensor()).isGreaterThan(1e-8);
                assertThat(Math.sqrt(distance / norm)).as(each.tensor()).isLessThan(TOLERANCE);
                from += length;
            }
        }
    }
}
