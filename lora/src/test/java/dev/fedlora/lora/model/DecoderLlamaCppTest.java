package dev.fedlora.lora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.tensor.MatrixBackends;
import dev.fedlora.lora.testing.LlamaCpp;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Architectures against llama.cpp, on models of random weights; its build here is older than Qwen 3. */
class DecoderLlamaCppTest {
    private static final int[] TOKENS = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 5, 5, 1, 3, 9, 8, 7, 2, 4};

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "QWEN3")
    void logits_randomModel_equalLlamaCpp(TinyDecoder tiny) {
        LlamaCpp llama = LlamaCpp.load();
        GgufFile file = tiny.write(folder);
        float[] expected = llama.logits(file.path(), TOKENS, TinyDecoder.VOCABULARY);
        BaseModel model = BaseModels.of(file);
        try (NextTokenModel next =
                new NextTokenModel(model.open(MatrixBackends.select("reference").open()))) {
            // logits of about 5, computed in float there; SiLU and exp of its kernels are good to 1e-6
            assertThat(next.logits(TOKENS, null)).containsExactly(expected, within(2e-5f));
        }
    }
}
