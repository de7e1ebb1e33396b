package dev.fedlora.simulations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.client.testing.TinyBertFile;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.safetensors.AdapterBytes;
import dev.fedlora.lora.tensor.MatrixBackends;
import dev.fedlora.simulations.experiment.Experiment;
import dev.fedlora.simulations.testing.SmallExperiment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Experiments whose clients learn to answer prompts. */
class PromptSimulationTest {
    @TempDir
    private Path folder;

    @Test
    void run_prompts_learnsAndReportsPerplexity() throws Exception {
        SimulationMetrics metrics = run(SmallExperiment.PROMPTS.replace("rounds: 2", "rounds: 5"), 2, "out");

        SimulationMetrics.OfResponses start = (SimulationMetrics.OfResponses) metrics.start();
        SimulationMetrics.OfResponses last =
                (SimulationMetrics.OfResponses) metrics.rounds().get(4).test();
        assertThat(last.perplexity()).isLessThan(start.perplexity() / 3).isEqualTo(Math.exp(last.loss()));
        JsonNode json = new ObjectMapper()
                .readTree(Files.readAllBytes(folder.resolve("out").resolve(Simulation.METRICS)));
        assertThat(json.get("start").fieldNames()).toIterable().containsExactly("loss", "perplexity");
        assertThat(json.get("clients").get(0).fieldNames()).toIterable().containsExactly("id", "client", "examples");
        LoraAdapter adapter =
                AdapterBytes.decode(Files.readAllBytes(folder.resolve("out").resolve(Simulation.ADAPTER)));
        assertThat(adapter.architecture()).isEqualTo("llama");
        assertThat(adapter.head()).isNull();
    }

    @Test
    void run_sameSeed_writesTheSameBytesWhateverTheThreadsAndTheMasks() throws Exception {
        run(SmallExperiment.PROMPTS, 1, "a");
        run(SmallExperiment.PROMPTS, 3, "b");
        run(SmallExperiment.PROMPTS + "aggregation: {protocol: plain}\n", 2, "clear");

        Path masked = folder.resolve("a");
        assertThat(masked.resolve(Simulation.METRICS))
                .hasSameBinaryContentAs(folder.resolve("b").resolve(Simulation.METRICS));
        assertThat(masked.resolve(Simulation.ADAPTER))
                .hasSameBinaryContentAs(folder.resolve("clear").resolve(Simulation.ADAPTER));
    }

    @Test
    void run_withPrivacyOfGroups_tellsEpsilonAndNoTrainingLoss() throws Exception {
        SimulationMetrics metrics = run(
                SmallExperiment.PROMPTS + "privacy: {epsilon: 9, delta: 1e-5, noiseMultiplier: 2, gradientClip: 1,"
                        + " samplingRate: 0.2, stepsPerRound: 3, unit: group}\n",
                2,
                "out");
        assertThat(metrics.rounds()).hasSize(2).allSatisfy(round -> {
            assertThat(round.trainingLoss()).isNull();
            assertThat(round.epsilon()).isPositive();
        });
    }

    @Test
    void run_dirichletPartitionOfPrompts_isRefused() {
        String yaml = SmallExperiment.PROMPTS.replace("{kind: natural}", "{kind: dirichlet, alpha: 0.5, clients: 3}");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> run(yaml, 1, "out"))
                .withMessageContaining("prompts with responses have none; take the natural partition");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void run_filesOfTwoKinds_namesBoth() throws Exception {
        String yaml = SmallExperiment.PROMPTS.replace("[train.jsonl]", "[train.jsonl, notes.jsonl]");
        TinyBertFile.writeJsonl(folder.resolve("notes.jsonl"), TinyBertFile.examples("a", 3, 1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> run(yaml, 1, "out"))
                .withMessage(
                        "%s: holds labelled texts, but %s holds prompts",
                        folder.resolve("notes.jsonl"), folder.resolve("train.jsonl"));
    }

    private SimulationMetrics run(String yaml, int threads, String out) throws Exception {
        Path file = SmallExperiment.writePrompts(folder, yaml);
        return new Simulation(MatrixBackends.select("reference"), threads)
                .run(Experiment.read(file), folder.resolve(out), SimulationProgress.NONE);
    }
}
