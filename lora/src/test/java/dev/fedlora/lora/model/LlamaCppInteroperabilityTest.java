package dev.fedlora.lora.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.EncodedText;
import dev.fedlora.lora.gguf.GgufAdapters;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.merge.AdapterMerger;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.tensor.MatrixBackend;
import dev.fedlora.lora.tensor.MatrixBackends;
import dev.fedlora.lora.testing.LlamaCpp;
import dev.fedlora.lora.tokenizer.Tokenizer;
import dev.fedlora.lora.tokenizer.Tokenizers;
import dev.fedlora.lora.train.LoraTrainer;
import dev.fedlora.lora.train.OptimizerPlan;
import dev.fedlora.lora.train.TrainingPlan;
import dev.fedlora.lora.train.WorkerPool;
import dev.fedlora.testkit.Shared;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What is trained here is run by llama.cpp: greedy text of the base model, of the exported GGUF adapter over it, and of the
 * merged model are the same there as here.
 */
class LlamaCppInteroperabilityTest {
    private static final String PROMPT = "Once upon a time, there was a little girl named Lily. She";
    private static final String LESSON = "The old clock in the kitchen stopped at nine, and nobody knew how to mend it."
            + " So the mouse took a tiny key and went inside.";
    private static final int TOKENS = 60;

    @TempDir
    private Path folder;

    // in single and half precision llama.cpp computes with what the file says; with blocks it rounds activations to 8
    // bits
    @ParameterizedTest
    @ValueSource(strings = {"stories260K-f32", "stories260K-F16"})
    void greedyText_adapterTrainedHere_isTheSameThere(String name) throws Exception {
        LlamaCpp llama = LlamaCpp.load();
        GgufFile base = GgufFile.open(Shared.path("models/" + name + ".gguf"));
        BaseModel model = BaseModels.of(base);
        Tokenizer tokenizer = Tokenizers.of(base);
        MatrixBackend backend = MatrixBackends.select("vector");
        LoraAdapter adapter = trained(model, backend, tokenizer.encodeWithSpecial(LESSON));
        Path exported = folder.resolve("adapter.gguf");
        GgufAdapters.write(adapter, exported);
        Path merged = folder.resolve("merged.gguf");
        new AdapterMerger(base, adapter, 1, QuantizationType.F32).write(merged);

        int[] prompt = tokenizer.encodeWithSpecial(PROMPT);
        int[] without = greedy(model, backend, prompt, null);
        int[] with = greedy(model, backend, prompt, model.bind(adapter));
        assertThat(with).as("the adapter changes the text").isNotEqualTo(without);
        assertThat(greedyThere(llama, base.path(), null, prompt, without)).isEqualTo(without);
        assertThat(greedyThere(llama, base.path(), exported, prompt, with)).isEqualTo(with);
        assertThat(greedyThere(llama, merged, null, prompt, with)).isEqualTo(with);
        BaseModel mergedModel = BaseModels.of(GgufFile.open(merged));
        assertThat(greedy(mergedModel, backend, prompt, null)).isEqualTo(with);
    }

    private static LoraAdapter trained(BaseModel model, MatrixBackend backend, int[] tokens) throws Exception {
        AdapterSpec spec = new AdapterSpec(
                4, 8, model.linearLayers().stream().map(LinearLayer::name).toList());
        LoraAdapter adapter = model.newAdapter(spec, List.of(), 11);
        boolean[] learned = new boolean[tokens.length];
        Arrays.fill(learned, 1, learned.length, true);
        try (WorkerPool pool = new WorkerPool(model, backend, 1)) {
            new LoraTrainer(pool, adapter, List.of(new EncodedText(tokens, learned, null)), List.of())
                    .train(new TrainingPlan(0, 20, 1, OptimizerPlan.constant(5e-3, 5e-3)), 1, step -> {});
        }
        return adapter;
    }

    private static int[] greedy(BaseModel model, MatrixBackend backend, int[] prompt, @Nullable BoundAdapter adapter) {
        try (TextGenerator generator = new TextGenerator(model, backend.open())) {
            TextGenerator.Plan plan = new TextGenerator.Plan(TOKENS, Sampling.GREEDY);
            return generator.generate(prompt, adapter, plan, token -> false, token -> true);
        }
    }

    /** Returns the likeliest token there after the prompt and after each of {@code text}'s tokens but the last. */
    private static int[] greedyThere(LlamaCpp llama, Path model, @Nullable Path adapter, int[] prompt, int[] text) {
        int[] all = Arrays.copyOf(prompt, prompt.length + text.length - 1);
        System.arraycopy(text, 0, all, prompt.length, text.length - 1);
        int vocabulary = 512;
        float[] logits = llama.logits(model, adapter, all, vocabulary);
        int[] likeliest = new int[text.length];
        for (int i = 0; i < text.length; i++) {
            int row = (prompt.length - 1 + i) * vocabulary;
            for (int token = 1; token < vocabulary; token++) {
                likeliest[i] = logits[row + token] > logits[row + likeliest[i]] ? token : likeliest[i];
            }
        }
        return likeliest;
    }
}
