package dev.fedlora.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TrainingStepTest {
    @ParameterizedTest
    @EnumSource(BaseType.class)
    void measure_tinyModel_beginsAsRandomWeightsDoAndLearns(BaseType type) {
        Measurement measurement = TrainingStep.measure(job(type));

        measurement.check();
        assertThat(measurement.losses()).hasSize(12);
        assertThat(measurement.secondsPerStep()).hasSize(10).allMatch(seconds -> seconds > 0);
    }

    @Test
    void measure_bothTypes_sameLossesButForRounding() {
        double inFloat = TrainingStep.measure(job(BaseType.F32)).lastLoss();
        double inBrainFloat = TrainingStep.measure(job(BaseType.BF16)).lastLoss();

        // operands of eight bits; the weights of both are drawn by generators that round differently, too
        assertThat(inBrainFloat).isCloseTo(inFloat, within(0.1));
    }

    @Test
    void check_lossThatDoesNotFall_refused() {
        Measurement measurement = new Measurement(job(BaseType.F32), List.of(1.0), 1, List.of(5.71, 5.72));

        assertThatThrownBy(measurement::check)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("must fall");
    }

    @Test
    void check_firstLossNotOfRandomWeights_refused() {
        Measurement measurement = new Measurement(job(BaseType.F32), List.of(1.0), 1, List.of(Double.NaN, 5.0));

        assertThatThrownBy(measurement::check)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("NaN");
    }

    @Test
    void isDisturbed_othersTookAQuarterOfTheProcessors_true() {
        assertThat(new Measurement(job(BaseType.F32), List.of(1.0), 0.75, List.of(5.0)).isDisturbed())
                .isTrue();
        assertThat(new Measurement(job(BaseType.F32), List.of(1.0), 0.97, List.of(5.0)).isDisturbed())
                .isFalse();
    }

    @Test
    void job_noTokens_namesTheOption() {
        assertThatThrownBy(() -> new Job(ModelShape.TINY, BaseType.F32, 2, 0, 1, 1, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("--tokens: got 0");
    }

    private static Job job(BaseType type) {
        return new Job(ModelShape.TINY, type, 2, 16, 2, 10, 1);
    }
}
