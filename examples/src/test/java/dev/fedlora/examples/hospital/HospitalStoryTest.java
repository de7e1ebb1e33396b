package dev.fedlora.examples.hospital;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.client.RoundReport;
import dev.fedlora.client.TaskReport;
import dev.fedlora.client.training.TransformerTrainers;
import dev.fedlora.lora.onnx.OnnxBertConverter;
import dev.fedlora.lora.onnx.OnnxSource;
import dev.fedlora.lora.peft.PeftDirectory;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.tensor.MatrixBackends;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HospitalStoryTest {
    @TempDir
    private Path folder;

    @Test
    void tell_threeHospitals_endUpWithOneBetterAdapter() throws Exception {
        Path base = folder.resolve("minilm.gguf");
        OnnxSource encoder = OnnxSource.onClassPath(getClass().getClassLoader(), "all-minilm-l6-v2.onnx");
        OnnxBertConverter.convert(encoder, QuantizationType.Q8_0, base);
        HospitalStory.Ending ending;
        try (TransformerTrainers trainers = TransformerTrainers.open(base, MatrixBackends.select("auto"), 2)) {
            ending = new HospitalStory(folder, trainers).tell();
        }
        assertThat(ending.reports()).hasSize(3);
        for (TaskReport report : ending.reports()) {
            assertThat(report.rounds()).hasSize(3).allSatisfy(round -> {
                assertThat(round.outcome()).isEqualTo(RoundReport.Outcome.FINISHED);
                assertThat(round.survivors()).containsExactly(1L, 2L, 3L);
            });
            assertThat(report.adapterHash()).isEqualTo(ending.reports().get(0).adapterHash());
        }
        // seven labels equally often: guessing gives a seventh
        assertThat(ending.before()).isLessThan(0.2);
        assertThat(ending.after()).isGreaterThan(0.4);
        assertThat(PeftDirectory.read(ending.peft()))
                .isEqualTo(ending.reports().get(0).adapter());
    }
}
