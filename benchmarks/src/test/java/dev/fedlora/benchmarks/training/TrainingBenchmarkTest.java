package dev.fedlora.benchmarks.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.fedlora.benchmarks.training.TrainingBenchmark.Result;
import dev.fedlora.benchmarks.training.TrainingBenchmark.Settings;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.quant.Dequantizer;
import dev.fedlora.lora.tensor.MatrixBackends;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingBenchmarkTest {
    @TempDir
    Path folder;

    @Test
    void run_tinyShape_measuresEveryStepAndChecksTheLoss() throws Exception {
        Path file = folder.resolve("tiny.gguf");
        RandomModel.write(ModelShape.TINY, 7, file);
        List<String> told = new ArrayList<>();
        Result result =
                TrainingBenchmark.run(file, MatrixBackends.select("auto"), new Settings(3, 20, 2, 4, 2, 0), told::add);
        assertThat(result.secondsPerStep()).hasSize(4).allMatch(seconds -> seconds > 0);
        assertThat(result.tokensPerSecond()).isPositive().isLessThanOrEqualTo(result.bestTokensPerSecond());
        // random weights know nothing: every token of the vocabulary is about equally likely
        assertThat(result.firstLoss()).isCloseTo(Math.log(ModelShape.TINY.vocabulary), Offset.offset(0.2));
        assertThat(result.measuredLoss()).isLessThan(result.firstLoss());
        assertThat(told).hasSize(7).first().asString().contains("step 1 of 6", "warming up");
    }

    @Test
    void write_sameSeed_sameBytes() throws Exception {
        Path one = folder.resolve("one.gguf");
        Path two = folder.resolve("two.gguf");
        Path other = folder.resolve("other.gguf");
        RandomModel.write(ModelShape.TINY, 1, one);
        RandomModel.write(ModelShape.TINY, 1, two);
        RandomModel.write(ModelShape.TINY, 2, other);
        assertThat(Files.mismatch(one, two)).isEqualTo(-1);
        assertThat(Files.mismatch(one, other)).isNotEqualTo(-1);
        float[] values = Dequantizer.all(GgufFile.open(one).matrix("blk.1.ffn_up.weight"));
        double square = 0;
        for (float value : values) {
            square += value * value;
        }
        assertThat(Math.sqrt(square / values.length)).isCloseTo(0.02, Offset.offset(0.0005));
    }

    @Test
    void of_names_areThoseOfTheCommandLine() {
        assertThat(ModelShape.of("smollm2-135m")).isEqualTo(ModelShape.SMOLLM2_135M);
        assertThat(ModelShape.of("tinyllama-1.1b")).isEqualTo(ModelShape.TINYLLAMA_1_1B);
        assertThat(ModelShape.SMOLLM2_135M.multipliedWeights()).isEqualTo(134_479_872L);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelShape.of("gpt-5"))
                .withMessageContaining("gpt-5")
                .withMessageContaining("tinyllama-1.1b");
    }

    @Test
    void settings_outOfRange_areNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Settings(0, 20, 0, 1, 1, 0))
                .withMessageContaining("batch");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Settings(1, 1, 0, 1, 1, 0))
                .withMessageContaining("tokens");
    }
}
