package dev.fedlora.simulations;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.fedlora.client.training.TransformerTrainers;
import dev.fedlora.lora.file.WholeFile;
import dev.fedlora.lora.tensor.MatrixBackend;
import dev.fedlora.simulations.experiment.Experiment;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs experiments: every client is the product's {@link dev.fedlora.client.FederatedClient}, the coordinator its {@link
 * dev.fedlora.coordinator.round.RoundService}, and they exchange in memory the bytes that would go over HTTP.
 *
 * <p>The same experiment with the same back end gives the same {@code metrics.json}, byte for byte, whatever the number of
 * threads: training takes its order, rounding and noise their bits from the seed, and the sum is one of integers.
 *
 * <p>Cost: one thread a client, which mostly waits; computing is done by {@code threads} threads over one base model.
 * Immutable, thread-safe.
 */
public final class Simulation {
    /** What every result says of itself. */
    public static final String STAMP = "reproducible simulation, not private";

    /** Name of the file of {@link SimulationMetrics}. */
    public static final String METRICS = "metrics.json";

    /** Name of the file of {@link SimulationTimings}. */
    public static final String TIMINGS = "timings.json";

    /** Name of the file of the final adapter, in its canonical bytes. */
    public static final String ADAPTER = "adapter.safetensors";

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .build();

    private final MatrixBackend backend;
    private final int threads;

    /**
     * Makes simulations that compute with this back end.
     *
     * @param threads that compute, at least 1
     */
    public Simulation(MatrixBackend backend, int threads) {
        this.backend = backend;
        this.threads = threads;
    }

    /**
     * Runs one experiment and writes {@value #METRICS}, {@value #TIMINGS} and {@value #ADAPTER} into a folder, replacing
     * what a former run left there; nothing is written when it fails.
     *
     * @param folder is made when it is not there
     * @return the metrics, as written
     * @throws IllegalArgumentException when data, model and task do not go together
     * @throws SimulationException when a client or the coordinator fails
     * @throws IOException when a file cannot be read or written
     * @throws InterruptedException when the thread is interrupted; all clients have ended then
     */
    public SimulationMetrics run(Experiment experiment, Path folder, SimulationProgress progress)
            throws IOException, InterruptedException {
        ExperimentData data = ExperimentData.read(experiment);
        SecureRandom random = new SecureRandom();
        Cohort cohort = new Cohort(experiment.partition().split(data.training(), experiment.seed()), random);
        Files.createDirectories(folder);
        try (TransformerTrainers trainers = TransformerTrainers.open(experiment.baseModel(), backend, threads);
                WorkFolder work = WorkFolder.make()) {
            SimulatedFederation federation = new SimulatedFederation(
                    cohort, cohort.task(experiment, trainers.model(), data.labels()), trainers, experiment.seed());
            SimulationRun run = new SimulationRun(federation, data.test(), progress, work.path());
            SimulationRun.Result result = run.run(random);
            SimulationMetrics metrics = result.metrics(experiment, backend.name(), hashes(experiment));
            WholeFile.write(folder.resolve(ADAPTER), result.adapter());
            WholeFile.write(folder.resolve(TIMINGS), json(result.timings(threads)));
            WholeFile.write(folder.resolve(METRICS), json(metrics));
            return metrics;
        }
    }

    private static List<String> hashes(Experiment experiment) throws IOException {
        List<String> hashes = new ArrayList<>();
        for (Path file : experiment.data()) {
            hashes.add(WholeFile.sha256(file));
        }
        hashes.add(WholeFile.sha256(experiment.test()));
        return hashes;
    }

    private static byte[] json(Object value) throws IOException {
        return (JSON.writeValueAsString(value) + "\n").getBytes(StandardCharsets.UTF_8);
    }
}
