package dev.fedlora.simulations.experiment;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.fedlora.aggregation.wire.LocalTraining;
import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.client.config.Fields;
import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.simulations.partition.Partitioner;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One experiment. In YAML, with what is taken for a field that is absent (those without are required):
 *
 * <pre>
 * name: triage                     # letters, digits, '.', '_', '-'
 * data: [train.jsonl]              # relative to this file; labelled texts, or prompts with responses
 * test: test.jsonl
 * baseModel: minilm.gguf
 * partition: {kind: natural}       # or {kind: dirichlet, alpha: 0.5, clients: 9}
 * rounds: 6
 * seed: 1                          # of partition, adapter, batches, rounding and noise
 * maxTokens: 128
 * template: auto                   # of prompts; auto is the base model's own
 * adapter: {rank: 8, alpha: 16, targets: [attn_q, attn_v]}
 * training: {learningRate: 0.001, headLearningRate: 0.02, batchSize: 16, dataFraction: 0.3333333333333333}
 * aggregation:
 *   protocol: secagg               # or plain
 *   minimumSurvivors: all clients
 *   corruptClients: 0
 *   clippingBound: 30
 *   weighting: examples            # or uniform; uniform when there is privacy
 *   weightCap: the largest client's examples in a round
 * privacy:                         # none when absent
 *   {epsilon: 8, delta: 1e-5, noiseMultiplier: 1.1, gradientClip: 1, samplingRate: 0.05, stepsPerRound: 10, unit: record}
 * </pre>
 *
 * @param name of the experiment and its task
 * @param data files of training examples
 * @param test file of examples that every round is evaluated on
 * @param baseModel GGUF file
 * @param partition how examples are dealt out to clients
 * @param rounds number of rounds
 * @param seed of everything that is left to chance and counts in the result
 * @param maxTokens examples are cut off here
 * @param adapter rank, alpha and targets
 * @param training what a client does in a round
 * @param aggregation how updates are aggregated
 * @param privacy the guarantee, or null for none
 * @param template how prompts and responses are put together; of no use to labelled texts
 */
public record Experiment(
        String name,
        List<Path> data,
        Path test,
        Path baseModel,
        Partitioner partition,
        int rounds,
        long seed,
        int maxTokens,
        AdapterSpec adapter,
        LocalTraining training,
        AggregationChoice aggregation,
        @Nullable PrivacySpec privacy,
        String template) {
    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

    /** Copies the list of files. */
    public Experiment {
        data = List.copyOf(data);
    }

    /**
     * Reads an experiment; paths in it are relative to its own folder.
     *
     * @throws dev.fedlora.client.config.ConfigurationException listing every mistake of the file
     * @throws IOException when the file cannot be read
     */
    public static Experiment read(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        return read(file, name -> folder == null ? Path.of(name) : folder.resolve(name));
    }

    /**
     * Reads an experiment whose base model may be named in another way than by a path.
     *
     * @param baseModels gives the GGUF file for the name that the file says
     * @throws dev.fedlora.client.config.ConfigurationException listing every mistake of the file
     * @throws IOException when the file cannot be read
     */
    public static Experiment read(Path file, Function<String, Path> baseModels) throws IOException {
        Fields fields = Fields.read(file, YAML);
        return new ExperimentFields(fields, file, baseModels).read();
    }
}
