package dev.fedlora.lora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.gguf.GgufAdapters;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.safetensors.SafetensorsFile;
import dev.fedlora.lora.tensor.AdamWStep;
import dev.fedlora.lora.tensor.MatrixBackend;
import dev.fedlora.lora.tensor.MatrixBackends;
import dev.fedlora.lora.tensor.RowKernels;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Really trained small models against llama.cpp (logits) and PyTorch (losses, gradients and steps). */
class DecoderGoldenTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String ADAPTER = "adapters/stories260K-lora-r4.gguf";

    /** Both sides compute in float; logits are up to 20, where one rounding is 1e-6. */
    private static final float TOLERANCE = 2e-5f;

    @ParameterizedTest
    @CsvSource({
        "reference, f32, f32, 0",
        "vector, f32, f32, 0",
        "onednn-f32, f32, f32, 0",
        "reference, Q8_0, Q8_0-deq, 0",
        "vector, Q8_0, Q8_0-deq, 0",
        "onednn-f32, Q8_0, Q8_0-deq, 0",
        "reference, Q4_0, Q4_0-deq, 0",
        "vector, Q4_0, Q4_0-deq, 0",
        "onednn-f32, Q4_0, Q4_0-deq, 0",
        "reference, f32, f32+lora-r4-s0.5, 0.5",
        "vector, f32, f32+lora-r4-s0.5, 0.5",
        "onednn-f32, f32, f32+lora-r4-s0.5, 0.5",
        "reference, f32, f32+lora-r4-s1.0, 1",
        "vector, f32, f32+lora-r4-s1.0, 1",
        "onednn-f32, f32, f32+lora-r4-s1.0, 1",
        "reference, Q8_0, Q8_0-deq+lora-r4-s1.0, 1",
        "vector, Q8_0, Q8_0-deq+lora-r4-s1.0, 1",
        "onednn-f32, Q8_0, Q8_0-deq+lora-r4-s1.0, 1",
    })
    void logits_singlePrecision_equalLlamaCpp(String backend, String file, String golden, float strength)
            throws IOException {
        float[] expected = golden(golden);
        float[] actual = logits(backend, file, golden, strength);
        assertThat(distance(actual, expected)).isLessThan(TOLERANCE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference", "vector", "onednn-f32"})
    void logits_adapter_equalTheMergedModelOfLlamaCpp(String backend) throws IOException {
        float[] expected = golden("merged-lora");
        float[] actual = logits(backend, "f32", "merged-lora", 1);
        assertThat(distance(actual, expected)).isLessThan(2 * TOLERANCE); // merging rounds every weight once more
    }

    @ParameterizedTest
    @CsvSource({
        "f32, f32, 0",
        "F16, F16, 0",
        "Q8_0, Q8_0-deq, 0",
        "Q4_0, Q4_0-deq, 0",
        "f32, f32+lora-r4-s0.5, 0.5",
        "f32, f32+lora-r4-s1.0, 1",
        "Q8_0, Q8_0-deq+lora-r4-s1.0, 1"
    })
    void logits_bfloat16_haveTheSameArgmax(String file, String golden, float strength) throws IOException {
        float[] expected = golden(golden);
        float[] actual = logits("onednn-bf16", file, golden, strength);
        assertThat(distance(actual, expected)).isLessThan(0.15f); // what 3 digits cost over 5 blocks
        for (int row = 0; row < expected.length / 512; row++) {
            assertThat(argmax(actual, row)).as("row %d", row).isEqualTo(argmax(expected, row));
        }
    }

    private static float distance(float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        float largest = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs(actual[i] - expected[i]));
        }
        return largest;
    }

    private static int argmax(float[] logits, int row) {
        int best = 0;
        for (int i = 1; i < 512; i++) {
            best = logits[row * 512 + i] > logits[row * 512 + best] ? i : best;
        }
        return best;
    }

    private static float[] golden(String name) throws IOException {
        byte[] bytes = Files.readAllBytes(Shared.path("golden/stories260K-" + name + ".logits.f32"));
        float[] values = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return values;
    }

    private static float[] logits(String backend, String file, String golden, float strength) throws IOException {
        JsonNode json = JSON.readTree(Files.readString(Shared.path("golden/stories260K-" + golden + ".logits.json")));
        int[] tokens = JSON.convertValue(json.get("tokens"), int[].class);
        GgufFile gguf = GgufFile.open(Shared.path("models/stories260K-" + file + ".gguf"));
        BaseModel model = BaseModels.of(gguf);
        BoundAdapter adapter =
                strength == 0 ? null : model.bind(GgufAdapters.read(Shared.path(ADAPTER), gguf), strength);
        try (NextTokenModel next = open(model, backend)) {
            return next.logits(tokens, adapter);
        }
    }

    private static NextTokenModel open(BaseModel model, String backend) {
        return new NextTokenModel(model.open(backend(backend).open()));
    }

    private static MatrixBackend backend(String name) {
        try {
            return MatrixBackends.select(name);
        } catch (IllegalStateException missing) {
            Assumptions.abort("skipped: " + missing.getMessage());
            throw missing;
        }
    }

    /**
     * The oracle's three steps: two texts of 40 tokens, rank 4, alpha 8 on all seven layers. The error of a tensor is its
     * distance from the oracle's in the Euclidean norm, relative to it.
     */
    @ParameterizedTest
    @CsvSource({"reference, f32", "vector, f32", "onednn-f32, f32", "reference, Q8_0", "vector, Q8_0"})
    void addGradient_threeSteps_equalPyTorch(String backend, String file) throws IOException {
        SafetensorsFile golden = SafetensorsFile.open(Shared.path("golden/train-stories260K-" + file + ".safetensors"));
        BaseModel model = BaseModels.of(GgufFile.open(Shared.path("models/stories260K-" + file + ".gguf")));
        LoraAdapter adapter = adapter(model, golden);
        LanguageBatch batch = batch(golden);
        double[] expected = JSON.readValue(golden.metadata().get("losses"), double[].class);
        AdapterGradients gradients = new AdapterGradients(adapter.parameterCount());
        float[] first = new float[adapter.parameterCount()];
        float[] second = new float[adapter.parameterCount()];
        try (NextTokenModel next = open(model, backend)) {
            for (int step = 1; step <= 3; step++) {
                gradients.reset(1);
                double loss = next.addGradient(batch, model.bind(adapter), Segments.whole(batch.tokens()), gradients);
                assertThat(loss).isCloseTo(expected[step - 1], within(1e-5));
                if (step == 1) {
                    LoraAdapter first1 = adapter.copy();
                    first1.setParameters(gradients.values(0));
                    assertClose("grad.", first1, golden);
                }
                float[] parameters = adapter.parameters();
                RowKernels.adamW(
                        new AdamWStep(1e-3, 0.9, 0.999, 1e-8, 0.01, step),
                        parameters,
                        gradients.values(0),
                        first,
                        second);
                adapter.setParameters(parameters);
            }
            assertClose("after3.", adapter, golden);
            double last = Arrays.stream(next.losses(batch, model.bind(adapter)))
                    .average()
                    .orElseThrow();
            assertThat(last).isCloseTo(expected[3], within(1e-5));
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

    private static LanguageBatch batch(SafetensorsFile golden) throws IOException {
        List<int[]> texts = Arrays.asList(JSON.readValue(golden.metadata().get("tokens"), int[][].class));
        List<boolean[]> learned = new ArrayList<>();
        for (int[] text : texts) {
            boolean[] flags = new boolean[text.length];
            Arrays.fill(flags, 1, flags.length, true);
            learned.add(flags);
        }
        float each = 1f / (2 * 39);
        return LanguageBatch.of(texts, learned, new float[] {each, each});
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
        assertThat(Math.sqrt(distance)).as(name).isLessThan(1e-4 * Math.sqrt(norm) + 1e-12);
    }

    /** Different roundings of one model: each puts nearly the same token first, and nearly the same weight on it. */
    @ParameterizedTest
    @ValueSource(strings = {"Q8_0", "Q4_K_M", "TQ2_0"})
    void losses_ternaryModelInOtherTypes_stayNearThoseInHalfPrecision(String type) throws IOException {
        int[] text = {1, 403, 407, 261, 378, 432, 383, 286, 261, 376, 298, 315, 421, 395, 317, 426, 338};
        double exact = meanLoss(Shared.path("models/bitstories3M-F16.gguf"), text);
        double rounded = meanLoss(Shared.path("models/bitstories3M-" + type + ".gguf"), text);
        assertThat(exact).isLessThan(3); // trained on such texts: guessing costs ln 512 = 6.2
        assertThat(rounded).isCloseTo(exact, within(0.15));
    }

    private static double meanLoss(Path file, int[] text) throws IOException {
        boolean[] learned = new boolean[text.length];
        Arrays.fill(learned, 1, text.length, true);
        LanguageBatch batch = LanguageBatch.of(List.of(text), List.of(learned), new float[] {1});
        try (NextTokenModel next = open(BaseModels.of(GgufFile.open(file)), "reference")) {
            return Arrays.stream(next.losses(batch, null)).average().orElseThrow();
        }
    }
}
