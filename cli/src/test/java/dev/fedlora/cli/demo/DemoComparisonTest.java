package dev.fedlora.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.fedlora.cli.testing.CommandRun;
import dev.fedlora.client.testing.TinyBertFile;
import dev.fedlora.lora.data.Example;
import dev.fedlora.privacy.accounting.Accountants;
import dev.fedlora.privacy.accounting.Budget;
import dev.fedlora.privacy.accounting.Calibration;
import dev.fedlora.privacy.accounting.NoiseKind;
import dev.fedlora.privacy.accounting.SampledGaussian;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What two demonstrations, or one and the accountant, must agree on; over a model of a few thousand weights. */
class DemoComparisonTest {
    private static final int CLIENTS = 5;
    private static final int EXAMPLES = 24;

    @TempDir
    private Path folder;

    private Path base;
    private Path data;
    private Path test;

    @BeforeEach
    void write() throws IOException {
        base = TinyBertFile.write(folder.resolve("base.gguf"), 3);
        List<Example> all = new ArrayList<>();
        for (int client = 1; client <= CLIENTS; client++) {
            all.addAll(TinyBertFile.examples("ward " + client, EXAMPLES, client));
        }
        data = TinyBertFile.writeJsonl(folder.resolve("train.jsonl"), all);
        test = TinyBertFile.writeJsonl(folder.resolve("test.jsonl"), TinyBertFile.examples("ward 9", 40, 99));
    }

    private CommandRun demo(Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("demo", "--base", base, "--data", data, "--test", test));
        arguments.addAll(List.of("--out", folder.resolve("out"), "--backend", "reference", "--threads", "2", "--json"));
        arguments.addAll(Arrays.asList(more));
        return CommandRun.of(arguments.toArray());
    }

    private JsonNode answer(Object... more) {
        CommandRun run = demo(more);
        assertThat(run.exitCode()).as(run.err()).isZero();
        return run.json();
    }

    @Test
    void demo_inTheClear_differsByRoundingOnly() {
        JsonNode masked = answer("--rounds", 3);
        JsonNode clear = answer("--rounds", 3, "--no-secure-aggregation");

        assertThat(clear.get("secureAggregation").asBoolean()).isFalse();
        for (int round = 0; round < 3; round++) {
            double expected = masked.get("rounds").get(round).get("loss").asDouble();
            // rounding moves a parameter by 2^-20 or so, and the loss by little more
            assertThat(clear.get("rounds").get(round).get("loss").asDouble()).isEqualTo(expected, within(1e-3));
        }
    }

    @Test
    void demo_budget_isMetFromBelowAndLedgersAgreeWithTheAccountant() {
        JsonNode answer = answer("--rounds", 2, "--epsilon", 8, "--delta", 1e-5);

        double epsilon = answer.get("epsilon").asDouble();
        assertThat(epsilon).isLessThanOrEqualTo(8).isGreaterThan(7.99);
        // the same composition, calibrated and accounted here: a third of the data in four steps a round, two rounds
        double noise = Calibration.noiseMultiplier(
                Accountants.named("rdp"), new Budget(8, 1e-5), 1 / 12.0, 8, NoiseKind.DISCRETE);
        double expected = Accountants.named("rdp")
                .plus(new SampledGaussian(noise, 1 / 12.0, NoiseKind.DISCRETE), 8)
                .epsilon(1e-5);
        assertThat(epsilon).isEqualTo(expected, within(1e-6));
        assertThat(answer.get("rounds").get(0).get("epsilon").asDouble()).isLessThan(epsilon);
        assertThat(answer.get("rounds").get(1).get("epsilon").asDouble()).isEqualTo(epsilon, within(1e-9));
    }
}
