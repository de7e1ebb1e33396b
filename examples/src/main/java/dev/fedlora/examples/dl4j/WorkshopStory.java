package dev.fedlora.examples.dl4j;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.AggregationSpec;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.LocalTraining;
import dev.fedlora.aggregation.wire.PhaseDeadlines;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.aggregation.wire.RosterEntry;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.aggregation.wire.Weighting;
import dev.fedlora.client.FederatedClient;
import dev.fedlora.client.TaskReport;
import dev.fedlora.client.http.HttpOptions;
import dev.fedlora.client.http.HttpTransport;
import dev.fedlora.client.training.TrainerFactory;
import dev.fedlora.client.transport.WaitingTime;
import dev.fedlora.coordinator.CoordinatorServer;
import dev.fedlora.coordinator.config.CoordinatorConfig;
import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.dl4j.BaseNetwork;
import dev.fedlora.lora.dl4j.Dl4jTrainer;
import dev.fedlora.lora.dl4j.LoraNetwork;
import dev.fedlora.lora.safetensors.AdapterBytes;
import dev.fedlora.lora.train.OptimizerPlan;
import dev.fedlora.lora.train.ProgressListener;
import dev.fedlora.lora.train.TrainingPlan;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Three workshops adapt a Deeplearning4j network, which a laboratory trained, to machines in the field: each knows one fault
 * of three, and no reading leaves a workshop. What this takes beyond any other federation:
 *
 * <pre>
 * BaseNetwork base = BaseNetwork.of(trained);                                       // everybody, over the same network
 * AdapterSpec spec = new AdapterSpec(4, 8, List.of("layer0", "layer1"));            // rank, alpha, dense layers
 * LoraAdapter first = base.newAdapter(spec, labels, seed);                          // the coordinator's owner
 * coordinator.roundService().createTask(task, AdapterBytes.encode(first));
 * FederatedClient client = FederatedClient.builder()                                // each client
 *         ...
 *         .trainer((task, adapter) -&gt; new Dl4jTrainer(base.adapt(adapter), readings))
 *         .build();
 * TaskReport report = client.run("machines");
 * MultiLayerNetwork better = base.merge(report.adapter());                          // anybody who has the base
 * </pre>
 *
 * <p>The readings are {@linkplain SyntheticMachines synthetic}.
 */
public final class WorkshopStory {
    private static final List<String> WORKSHOPS = List.of("dockside", "millgate", "northend");
    private static final String TASK = "machines";
    private static final int ROUNDS = 6;
    private static final int READINGS = 100; // of each condition that a workshop has met
    private static final LocalTraining TRAINING = new LocalTraining(1e-2, 1e-2, 10, 1, 1);

    private final Path folder;
    private final SyntheticMachines machines;
    private final BaseNetwork base;

    /**
     * How the story ends: shares of the test readings whose condition was recognized.
     *
     * @param before by the laboratory's network
     * @param alone by each workshop's network when it trains as much without the others
     * @param federated by the network that all of them trained
     * @param reports one for each workshop
     */
    public record Ending(double before, List<Double> alone, double federated, List<TaskReport> reports) {}

    /** @param folder where everybody keeps their files in this story, each in a folder of their own */
    public WorkshopStory(Path folder) {
        this.folder = folder;
        this.machines = new SyntheticMachines(1);
        this.base = BaseNetwork.of(laboratoryNetwork());
    }

    /** Tells the story in the folder that the first argument names. */
    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createDirectories(Path.of(arguments.length > 0 ? arguments[0] : "workshop-story"));
        Ending ending = new WorkshopStory(folder).tell();
        System.out.printf(
                "synthetic readings; recognized before %.3f, by each workshop alone %s, federated %.3f%n",
                ending.before, ending.alone, ending.federated);
    }

    /** An ordinary network, trained in the ordinary way. */
    private MultiLayerNetwork laboratoryNetwork() {
        MultiLayerConfiguration configuration = new NeuralNetConfiguration.Builder()
                .seed(1)
                .updater(new Adam(1e-2))
                .activation(Activation.TANH)
                .list()
                .layer(new DenseLayer.Builder()
                        .nIn(SyntheticMachines.SENSORS)
                        .nOut(16)
                        .build())
                .layer(new DenseLayer.Builder().nIn(16).nOut(16).build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(16)
                        .nOut(SyntheticMachines.CONDITIONS.size())
                        .activation(Activation.SOFTMAX)
                        .build())
                .build();
        MultiLayerNetwork network = new MultiLayerNetwork(configuration);
        network.init();
        DataSet readings = machines.laboratory(200);
        for (int epoch = 0; epoch < 60; epoch++) {
            network.fit(readings);
        }
        return network;
    }

    /**
     * Tells the story.
     *
     * @throws Exception when any of the parties fails
     */
    public Ending tell() throws Exception {
        // 1. The roster is made outside the coordinator, as in every federation.
        SecureRandom random = new SecureRandom();
        List<IdentityKeys> identities = new ArrayList<>();
        List<RosterEntry> entries = new ArrayList<>();
        for (String workshop : WORKSHOPS) {
            identities.add(IdentityKeys.generate(random));
            Bytes key = Bytes.of(identities.get(identities.size() - 1).publicKey());
            entries.add(new RosterEntry(identities.size(), workshop, key));
        }
        Roster roster = new Roster(entries);
        Path rosterFile = Files.writeString(folder.resolve("roster.json"), roster.toJson());

        // 2. The task starts from an adapter that changes nothing yet. To the coordinator it is one like any other.
        LoraAdapter first = base.newAdapter(task().adapter(), SyntheticMachines.CONDITIONS, 1);
        CoordinatorConfig config = CoordinatorConfig.onLoopback(folder.resolve("coordinator"), rosterFile);
        try (CoordinatorServer coordinator = CoordinatorServer.start(config)) {
            coordinator.roundService().createTask(task(), AdapterBytes.encode(first));
            coordinator.roundService().start(TASK);
            List<TaskReport> reports = together(identities, roster, coordinator);

            // 3. Everybody has the same adapter now, and with it the same network.
            List<Double> alone = new ArrayList<>();
            for (int workshop = 0; workshop < WORKSHOPS.size(); workshop++) {
                alone.add(recognized(alone(workshop, first)));
            }
            return new Ending(
                    recognized(first), alone, recognized(reports.get(0).adapter()), reports);
        } finally {
            identities.forEach(IdentityKeys::close); // wipes the private keys from memory
        }
    }

    private TaskSpec task() {
        return new TaskSpec(
                TASK,
                "three-workshops",
                base.architecture(),
                base.sha256(), // an adapter fits this very network and no other
                new AdapterSpec(4, 8, List.of("layer0", "layer1")),
                SyntheticMachines.CONDITIONS, // so the output layer is trained too
                1, // readings have no tokens to be cut off
                ROUNDS,
                TRAINING,
                new AggregationSpec(
                        Protocol.SECAGG, // the coordinator learns the sum alone
                        3,
                        0,
                        32,
                        Weighting.EXAMPLES,
                        2 * READINGS,
                        PhaseDeadlines.of(Duration.ofMinutes(20), Duration.ofMinutes(2))),
                null);
    }

    /** In this story the workshops are threads. */
    private List<TaskReport> together(List<IdentityKeys> identities, Roster roster, CoordinatorServer coordinator)
            throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(WORKSHOPS.size());
        try {
            List<Callable<TaskReport>> workshops = new ArrayList<>();
            for (int i = 0; i < WORKSHOPS.size(); i++) {
                int workshop = i;
                workshops.add(() -> takePart(workshop, identities.get(workshop), roster, coordinator));
            }
            List<TaskReport> reports = new ArrayList<>();
            for (Future<TaskReport> done : threads.invokeAll(workshops)) {
                reports.add(done.get());
            }
            return reports;
        } finally {
            threads.shutdownNow();
        }
    }

    private TaskReport takePart(int workshop, IdentityKeys keys, Roster roster, CoordinatorServer coordinator)
            throws Exception {
        long id = workshop + 1L;
        DataSet readings = machines.workshop(workshop, READINGS);
        TrainerFactory trainers = (task, adapter) -> new Dl4jTrainer(base.adapt(adapter), readings);
        HttpOptions options = HttpOptions.of(coordinator.uri(), null);
        try (HttpTransport transport = new HttpTransport(options, id, keys, WaitingTime.system());
                FederatedClient client = FederatedClient.builder()
                        .transport(transport)
                        .identity(id, keys)
                        .pinned(coordinator.publicKey(), roster)
                        .trainer(trainers)
                        .stateDirectory(folder.resolve(WORKSHOPS.get(workshop)))
                        .build()) {
            return client.run(TASK);
        }
    }

    /** The same rounds without the others. */
    private LoraAdapter alone(int workshop, LoraAdapter first) throws InterruptedException {
        LoraNetwork network = base.adapt(first);
        Dl4jTrainer trainer = new Dl4jTrainer(network, machines.workshop(workshop, READINGS));
        OptimizerPlan optimizer = OptimizerPlan.constant(TRAINING.learningRate(), TRAINING.headLearningRate());
        for (int round = 0; round < ROUNDS; round++) {
            TrainingPlan plan = new TrainingPlan(round, TRAINING.dataFraction(), TRAINING.batchSize(), optimizer);
            trainer.train(plan, TRAINING.seed(), ProgressListener.NONE);
        }
        return network.adapter();
    }

    private double recognized(LoraAdapter adapter) {
        DataSet test = machines.test(200);
        Evaluation evaluation = new Evaluation(SyntheticMachines.CONDITIONS);
        evaluation.eval(test.getLabels(), base.merge(adapter).output(test.getFeatures()));
        return evaluation.accuracy();
    }
}
