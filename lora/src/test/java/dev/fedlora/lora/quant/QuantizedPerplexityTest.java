package dev.fedlora.lora.quant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.ModelQuantizer;
import dev.fedlora.lora.model.BaseModels;
import dev.fedlora.lora.model.Perplexity;
import dev.fedlora.lora.tensor.MatrixBackends;
import dev.fedlora.lora.tokenizer.Tokenizer;
import dev.fedlora.lora.tokenizer.Tokenizers;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What quantizing costs a trained model whose rows are whole super-blocks: how well it predicts a text. */
class QuantizedPerplexityTest {
    @TempDir
    private Path folder;

    /** llama.cpp made its file from floats, this one is made from their F16 values: hence not equal, as the rest is. */
    @Test
    void quantize_toQ4K_predictsAsWellAsLlamaCppsFile() throws Exception {
        double theirs = perplexity(Shared.path("models/bitstories3M-Q4_K_M.gguf"));
        double ours = perplexity(quantized(QuantizationType.Q4_K));
        assertThat(ours).isLessThan(1.02 * theirs);
    }

    @Test
    void quantize_toQ6K_predictsAsWellAsTheModel() throws Exception {
        double model = perplexity(Shared.path("models/bitstories3M-F16.gguf"));
        double ours = perplexity(quantized(QuantizationType.Q6_K));
        assertThat(ours).isLessThan(1.02 * model);
    }

    private Path quantized(QuantizationType type) throws IOException {
        Path out = folder.resolve(type + ".gguf");
        GgufFile model = GgufFile.open(Shared.path("models/bitstories3M-F16.gguf"));
        ModelQuantizer.quantize(model, type, out, 2, (done, all, choice) -> {});
        return out;
    }

    private static double perplexity(Path file) throws IOException, InterruptedException {
        GgufFile gguf = GgufFile.open(file);
        Tokenizer tokenizer = Tokenizers.of(gguf);
        Perplexity.Text text = new Perplexity.Text(
                tokenizer.encode(Files.readString(Shared.path("golden/ppl_ts.txt"))), tokenizer.beginId(), 256);
        return Perplexity.of(BaseModels.of(gguf), MatrixBackends.select("vector"), 1, null, text)
                .perplexity();
    }
}
