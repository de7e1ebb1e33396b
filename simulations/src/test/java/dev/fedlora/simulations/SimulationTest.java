package dev.fedlora.simulations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.lora.safetensors.AdapterBytes;
import dev.fedlora.lora.tensor.MatrixBackends;
import dev.fedlora.privacy.accounting.Accountants;
import dev.fedlora.privacy.accounting.NoiseKind;
import dev.fedlora.privacy.accounting.SampledGaussian;
import dev.fedlora.simulations.experiment.Experiment;
import dev.fedlora.simulations.testing.SmallExperiment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SimulationTest {
    private static final String PRIVACY = """
            privacy: {epsilon: 9, delta: 1e-5, noiseMultiplier: 2, gradientClip: 1, samplingRate: 0.2,
              stepsPerRound: 3, unit: group}
            """;

    @TempDir
    Path folder;

    @Test
    void run_naturalPartition_learnsAndWritesWhatItDid() throws Exception {
        List<Long> heard = new ArrayList<>();
        SimulationMetrics metrics = run(SmallExperiment.NATURAL + "rounds: 6\n", 2, "out", new SimulationProgress() {
            @Override
            public void roundFinished(SimulationMetrics.Round round, SimulationTimings.Round timing) {
                heard.add(round.round());
                assertThat(timing.bytesUp()).isPositive();
            }
        });

        assertThat(metrics.stamp()).isEqualTo("reproducible simulation, not private");
        assertThat(metrics.clients())
                .extracting(SimulationMetrics.Client::client)
                .containsExactly("ward 1", "ward 2", "ward 3", "ward 4");
        assertThat(metrics.clients())
                .extracting(SimulationMetrics.Client::examples)
                .containsExactly(10, 20, 30, 40);
        assertThat(heard).containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
        SimulationMetrics.Round last = metrics.rounds().get(5);
        assertThat(last.survivors()).containsExactly(1L, 2L, 3L, 4L);
        assertThat(last.trainingLoss()).isLessThan(metrics.rounds().get(0).trainingLoss());
        assertThat(last.test().loss()).isLessThan(metrics.start().loss());
        assertThat(accuracy(last.test())).isGreaterThan(accuracy(metrics.start()));
        assertThat(last.epsilon()).isNull();
        assertThat(folder.resolve("out/timings.json")).exists();
        byte[] adapter = Files.readAllBytes(folder.resolve("out/adapter.safetensors"));
        assertThat(AdapterBytes.sha256(adapter)).isEqualTo(metrics.adapter().hex());
        assertThat(AdapterBytes.decode(adapter).parameterCount()).isEqualTo(metrics.parameters());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "partition: {kind: natural}\n",
                "partition: {kind: dirichlet, alpha: 0.5, clients: 3}\n",
                "partition: {kind: natural}\n" + PRIVACY
            })
    void run_sameSeed_writesTheSameBytesWhateverTheThreads(String rest) throws Exception {
        run(SmallExperiment.REQUIRED + rest, 1, "a", SimulationProgress.NONE);
        run(SmallExperiment.REQUIRED + rest, 3, "b", SimulationProgress.NONE);

        for (String file : List.of("metrics.json", "adapter.safetensors")) {
            assertThat(folder.resolve("a").resolve(file))
                    .hasSameBinaryContentAs(folder.resolve("b").resolve(file));
        }
    }

    @Test
    void run_otherSeed_givesAnotherAdapter() throws Exception {
        SimulationMetrics one = run(SmallExperiment.NATURAL + "seed: 1\n", 2, "a", SimulationProgress.NONE);
        SimulationMetrics two = run(SmallExperiment.NATURAL + "seed: 2\n", 2, "b", SimulationProgress.NONE);

        assertThat(one.adapter()).isNotEqualTo(two.adapter());
    }

    @Test
    void run_inTheClear_givesTheSameSum() throws Exception {
        run(SmallExperiment.NATURAL, 2, "masked", SimulationProgress.NONE);
        run(SmallExperiment.NATURAL + "aggregation: {protocol: plain}\n", 2, "clear", SimulationProgress.NONE);

        // masks cancel to the last bit, and rounding takes its bits from the seed: not even rounding differs
        assertThat(folder.resolve("masked/adapter.safetensors"))
                .hasSameBinaryContentAs(folder.resolve("clear/adapter.safetensors"));
    }

    @Test
    void run_withPrivacy_reportsTheEpsilonOfTheAccountant() throws Exception {
        SimulationMetrics metrics = run(SmallExperiment.NATURAL + PRIVACY, 2, "out", SimulationProgress.NONE);

        double expected = Accountants.named(Accountants.DEFAULT)
                .plus(new SampledGaussian(2, 0.2, NoiseKind.DISCRETE), 6)
                .epsilon(1e-5);
        assertThat(metrics.rounds().get(1).epsilon()).isCloseTo(expected, within(1e-9));
        assertThat(metrics.rounds())
                .allSatisfy(round -> assertThat(round.trainingLoss()).isNull());
    }

    @Test
    void run_tooFewClientsForSecureAggregation_isRefusedAndWritesNothing() throws Exception {
        String two = SmallExperiment.REQUIRED + "partition: {kind: dirichlet, alpha: 10, clients: 2}\n";

        assertThatIllegalArgumentException()
                .isThrownBy(() -> run(two, 1, "out", SimulationProgress.NONE))
                .withMessageContaining("takes from 3 to 128 clients, got 2");
        assertThat(folder.resolve("out/metrics.json")).doesNotExist();
    }

    @Test
    void run_clientFails_endsAllAndNamesTheClient() throws Exception {
        // seven tokens and more, over a context of 32: the model refuses what the experiment asks for
        String tooLong = SmallExperiment.NATURAL.replace("maxTokens: 16", "maxTokens: 3000");
        Path file = SmallExperiment.write(folder, tooLong);
        StringBuilder words = new StringBuilder("what");
        for (int i = 0; i < 100; i++) {
            words.append(" ward");
        }
        Files.writeString(
                folder.resolve("train.jsonl"),
                Files.readString(folder.resolve("train.jsonl")) + "{\"client\": \"ward 2\", \"text\": \"" + words
                        + "\", \"label\": \"ask\"}\n");

        assertThatExceptionOfType(SimulationException.class)
                .isThrownBy(() -> new Simulation(MatrixBackends.select("reference"), 1)
                        .run(Experiment.read(file), folder.resolve("out"), SimulationProgress.NONE))
                .withMessageStartingWith("client ward 2: ");
        assertThat(folder.resolve("out/metrics.json")).doesNotExist();
    }

    private static double accuracy(SimulationMetrics.Score score) {
        return ((SimulationMetrics.OfLabels) score).accuracy();
    }

    private SimulationMetrics run(String yaml, int threads, String out, SimulationProgress progress)
            throws IOException, InterruptedException {
        // a later line wins over the same line of the small experiment
        String text =
                yaml.indexOf("rounds:") == yaml.lastIndexOf("rounds:") ? yaml : yaml.replaceFirst("rounds: 2\n", "");
        Path file = SmallExperiment.write(folder, text);
        return new Simulation(MatrixBackends.select("reference"), threads)
                .run(Experiment.read(file), folder.resolve(out), progress);
    }
}
