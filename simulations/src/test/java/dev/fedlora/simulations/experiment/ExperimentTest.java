package dev.fedlora.simulations.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fedlora.aggregation.wire.LocalTraining;
import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.Weighting;
import dev.fedlora.client.config.ConfigurationException;
import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.simulations.partition.DirichletPartitioner;
import dev.fedlora.simulations.partition.NaturalPartitioner;
import dev.fedlora.simulations.testing.SmallExperiment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExperimentTest {
    @TempDir
    Path folder;

    @Test
    void read_onlyWhatIsRequired_takesTheDefaults() throws IOException {
        Experiment experiment = Experiment.read(SmallExperiment.write(folder, """
                name: wards
                data: train.jsonl
                test: test.jsonl
                baseModel: base.gguf
                partition: {}
                rounds: 3
                """));

        assertThat(experiment)
                .isEqualTo(new Experiment(
                        "wards",
                        List.of(folder.resolve("train.jsonl")),
                        folder.resolve("test.jsonl"),
                        folder.resolve("base.gguf"),
                        new NaturalPartitioner(),
                        3,
                        1,
                        128,
                        new AdapterSpec(8, 16, List.of("attn_q", "attn_v")),
                        new LocalTraining(1e-3, 2e-2, 16, 1.0 / 3, 1),
                        new AggregationChoice(Protocol.SECAGG, 0, 0, 30, Weighting.EXAMPLES, 0),
                        null,
                        "auto"));
    }

    @Test
    void read_everyField_isTaken() throws IOException {
        Experiment experiment = Experiment.read(SmallExperiment.write(folder, """
                name: wards-2
                data: [train.jsonl, test.jsonl]
                test: test.jsonl
                baseModel: base.gguf
                partition: {kind: dirichlet, alpha: 0.3, clients: 5}
                rounds: 4
                seed: -9
                maxTokens: 64
                template: lines
                adapter: {rank: 2, alpha: 4, targets: [ffn_up]}
                training: {learningRate: 0.1, headLearningRate: 0.2, batchSize: 3, dataFraction: 1}
                aggregation: {protocol: plain, minimumSurvivors: 4, corruptClients: 1, clippingBound: 2, weighting: uniform,
                  weightCap: 7}
                privacy: {epsilon: 3, delta: 1e-6, noiseMultiplier: 2, gradientClip: 0.5, samplingRate: 0.1,
                  stepsPerRound: 4, unit: group}
                """));

        assertThat(experiment.data()).hasSize(2);
        assertThat(experiment.partition()).isEqualTo(new DirichletPartitioner(0.3, 5));
        assertThat(experiment.seed()).isEqualTo(-9);
        assertThat(experiment.template()).isEqualTo("lines");
        assertThat(experiment.training()).isEqualTo(new LocalTraining(0.1, 0.2, 3, 1, -9));
        assertThat(experiment.aggregation())
                .isEqualTo(new AggregationChoice(Protocol.PLAIN, 4, 1, 2, Weighting.UNIFORM, 7));
        assertThat(experiment.privacy()).isEqualTo(new PrivacySpec(3, 1e-6, 2, 0.5, 0.1, 4, "group"));
    }

    @Test
    void read_manyMistakes_listsThemAll() throws IOException {
        Path file = SmallExperiment.write(folder, """
                name: two words
                data: [missing.jsonl]
                baseModel: other.gguf
                partition: {kind: dirichlet, alpha: 0}
                rounds: 0
                round: 3
                template: morse
                adapter: {rank: 0, alpha: 0, target: [attn_q]}
                training: {learningRate: -1, dataFraction: 2}
                aggregation: {protocol: secret, weighting: examples}
                privacy: {epsilon: 3, delta: 1, noiseMultiplier: 0, gradientClip: 1, samplingRate: 0.1, stepsPerRound: 1}
                """);

        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> Experiment.read(file))
                .satisfies(e -> assertThat(e.mistakes())
                        .extracting(mistake -> mistake.substring(0, mistake.indexOf(':')))
                        .containsExactlyInAnyOrder(
                                "name",
                                "data",
                                "test",
                                "baseModel",
                                "partition.alpha",
                                "partition.clients",
                                "rounds",
                                "round",
                                "template",
                                "adapter.rank",
                                "adapter.alpha",
                                "adapter.target",
                                "training.learningRate",
                                "training.dataFraction",
                                "aggregation.protocol",
                                "aggregation.weighting",
                                "privacy.delta",
                                "privacy.noiseMultiplier"));
    }

    @Test
    void read_baseModelByAnotherName_isResolvedByTheCaller() throws IOException {
        Path file = SmallExperiment.write(folder, SmallExperiment.NATURAL.replace("base.gguf", "the-usual"));

        Experiment experiment =
                Experiment.read(file, name -> folder.resolve(name.equals("the-usual") ? "base.gguf" : name));

        assertThat(experiment.baseModel()).isEqualTo(folder.resolve("base.gguf"));
    }

    @Test
    void read_notYaml_isRefusedWithFileAndLine() throws IOException {
        Path file = SmallExperiment.write(folder, "name: [unclosed\nrounds: 3\n");

        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> Experiment.read(file))
                .withMessageStartingWith(file + ": line ");
    }
}
