package dev.fedlora.lora.train;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.EncodedText;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.model.BaseModel;
import dev.fedlora.lora.model.BaseModels;
import dev.fedlora.lora.model.TinyDecoder;
import dev.fedlora.lora.tensor.MatrixBackends;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A task that a tiny decoder can learn: texts that count up, of which the second half is to be foretold. */
final class TinyTexts {
    private static final int VOCABULARY = 13;

    final BaseModel model;

    /** @param folder where the model's file is kept */
    TinyTexts(Path folder) {
        GgufFile file = TinyDecoder.LLAMA.write(folder);
        this.model = BaseModels.of(file);
    }

    WorkerPool pool(MemoryPlan plan) {
        return new WorkerPool(model, MatrixBackends.select("reference"), plan);
    }

    LoraAdapter adapter() {
        return model.newAdapter(new AdapterSpec(2, 4, List.of("attn_q", "attn_v", "ffn_down")), List.of(), 3);
    }

    static List<EncodedText> texts(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<EncodedText> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int first = random.nextInt(VOCABULARY);
            int[] tokens = new int[random.nextInt(3, 20)];
            boolean[] learned = new boolean[tokens.length];
            for (int t = 0; t < tokens.length; t++) {
                tokens[t] = (first + t) % VOCABULARY;
                learned[t] = t > 0 && t >= tokens.length / 2;
            }
            texts.add(new EncodedText(tokens, learned, i % 5 == 0 ? "the same person" : null));
        }
        return texts;
    }
}
