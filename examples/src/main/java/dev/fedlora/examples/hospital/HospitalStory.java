package dev.fedlora.examples.hospital;

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
import dev.fedlora.client.policy.ClientPolicy;
import dev.fedlora.client.training.TransformerTrainers;
import dev.fedlora.client.transport.WaitingTime;
import dev.fedlora.coordinator.CoordinatorServer;
import dev.fedlora.coordinator.config.CoordinatorConfig;
import dev.fedlora.examples.triage.SyntheticTriageNotes;
import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.data.Example;
import dev.fedlora.lora.model.BaseModel;
import dev.fedlora.lora.onnx.OnnxBertConverter;
import dev.fedlora.lora.onnx.OnnxSource;
import dev.fedlora.lora.peft.PeftDirectory;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.safetensors.AdapterBytes;
import dev.fedlora.lora.tensor.MatrixBackends;
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

/**
 * Three hospitals and a coordinator in one process, over real HTTP. On real machines each part below runs where its
 * comment says; nothing else changes, but for {@code https} in place of loopback.
 *
 * <p>The notes are {@linkplain SyntheticTriageNotes synthetic}.
 */
public final class HospitalStory {
    private static final List<String> HOSPITALS = List.of("north", "harbour", "hillside");
    private static final String TASK = "triage";
    private static final int ROUNDS = 3;
    private static final int NOTES_A_DEPARTMENT = 60;
    private static final int TEST_NOTES = 126; // two for each of seven labels in nine departments

    private final Path folder;
    private final TransformerTrainers trainers;

    /**
     * How the story ends.
     *
     * @param before accuracy on the common test set before the first round
     * @param after accuracy with the final adapter
     * @param reports one for each hospital: rounds, survivors and the final adapter
     * @param peft the directory that Hugging Face PEFT loads
     */
    public record Ending(double before, double after, List<TaskReport> reports, Path peft) {}

    /**
     * @param folder where everybody keeps their files in this story, each in a folder of their own
     * @param trainers over the base model that all hospitals have a copy of; stays the caller's to close
     */
    public HospitalStory(Path folder, TransformerTrainers trainers) {
        this.folder = folder;
        this.trainers = trainers;
    }

    /** Tells the story with the MiniLM encoder from the class path, in the folder that the first argument names. */
    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createDirectories(Path.of(arguments.length > 0 ? arguments[0] : "hospital-story"));
        Path base = folder.resolve("minilm.gguf");
        OnnxSource encoder = OnnxSource.onClassPath(HospitalStory.class.getClassLoader(), "all-minilm-l6-v2.onnx");
        OnnxBertConverter.convert(encoder, QuantizationType.Q8_0, base);
        int cores = Runtime.getRuntime().availableProcessors();
        try (TransformerTrainers trainers = TransformerTrainers.open(base, MatrixBackends.select("auto"), cores)) {
            Ending ending = new HospitalStory(folder, trainers).tell();
            System.out.printf(
                    "accuracy before %.3f, after %.3f; the adapter is in %s%n",
                    ending.before, ending.after, ending.peft);
        }
    }

    /**
     * Tells the story.
     *
     * @throws Exception when any of the parties fails
     */
    public Ending tell() throws Exception {
        // 1. Before anything else, each hospital makes its identity. The private key never leaves the hospital; the
        // public
        //    one goes into the roster, by phone or in a meeting: not through the coordinator, who could slip in
        // clients.
        SecureRandom random = new SecureRandom();
        List<IdentityKeys> identities = new ArrayList<>();
        List<RosterEntry> entries = new ArrayList<>();
        for (String hospital : HOSPITALS) {
            IdentityKeys keys = IdentityKeys.generate(random);
            identities.add(keys);
            entries.add(new RosterEntry(identities.size(), hospital, Bytes.of(keys.publicKey())));
        }
        Roster roster = new Roster(entries);
        Path rosterFile = Files.writeString(folder.resolve("roster.json"), roster.toJson());

        // 2. At the coordinator: start, and create the task from a first adapter that changes nothing yet.
        CoordinatorConfig config = CoordinatorConfig.onLoopback(folder.resolve("coordinator"), rosterFile);
        TaskSpec task = task(trainers.model());
        byte[] first = AdapterBytes.encode(trainers.newAdapter(task));
        try (CoordinatorServer coordinator = CoordinatorServer.start(config)) {
            coordinator.roundService().createTask(task, first);
            coordinator.roundService().start(TASK);

            // 3. At the hospitals, all at the same time: take part until the task is finished.
            List<TaskReport> reports = together(identities, roster, coordinator);

            // 4. Everyone now holds the same adapter. Any of them evaluates it, and exports it for other software.
            List<Example> test = new SyntheticTriageNotes(1).test(TEST_NOTES);
            double before = accuracy(task, first, test);
            double after = accuracy(task, AdapterBytes.encode(reports.get(0).adapter()), test);
            Path peft = folder.resolve("peft");
            PeftDirectory.write(reports.get(0).adapter(), peft);
            return new Ending(before, after, reports, peft);
        } finally {
            identities.forEach(IdentityKeys::close); // wipes the private keys from memory
        }
    }

    /** What is trained and on which terms. The clients see it before they join, and each round's plan contains its hash. */
    private static TaskSpec task(BaseModel base) {
        return new TaskSpec(
                TASK,
                "three-hospitals",
                base.architecture(),
                base.sha256(), // an adapter fits this very file and no other
                new AdapterSpec(8, 16, List.of("attn_q", "attn_v")),
                SyntheticTriageNotes.labels(),
                64, // tokens of a note; what is longer is cut off
                ROUNDS,
                new LocalTraining(2e-3, 2e-2, 8, 1 / 3.0, 1), // a third of the data a round
                new AggregationSpec(
                        Protocol.SECAGG, // the coordinator learns the sum alone
                        3, // and of no fewer than three
                        0,
                        32,
                        Weighting.EXAMPLES,
                        NOTES_A_DEPARTMENT,
                        PhaseDeadlines.of(Duration.ofMinutes(20), Duration.ofMinutes(2))),
                null); // differential privacy would be a PrivacySpec here
    }

    /** In this story the hospitals are threads. */
    private List<TaskReport> together(List<IdentityKeys> identities, Roster roster, CoordinatorServer coordinator)
            throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(HOSPITALS.size());
        try {
            List<Callable<TaskReport>> hospitals = new ArrayList<>();
            for (int i = 0; i < HOSPITALS.size(); i++) {
                int hospital = i;
                hospitals.add(() -> takePart(hospital, identities.get(hospital), roster, coordinator));
            }
            List<TaskReport> reports = new ArrayList<>();
            for (Future<TaskReport> done : threads.invokeAll(hospitals)) {
                reports.add(done.get());
            }
            return reports;
        } finally {
            threads.shutdownNow();
        }
    }

    /** One hospital: everything it needs to know of the outside is an address, a public key and the roster. */
    private TaskReport takePart(int hospital, IdentityKeys keys, Roster roster, CoordinatorServer coordinator)
            throws Exception {
        long id = hospital + 1L;
        HttpOptions options = HttpOptions.of(coordinator.uri(), null);
        try (HttpTransport transport = new HttpTransport(options, id, keys, WaitingTime.system());
                FederatedClient client = FederatedClient.builder()
                        .transport(transport)
                        .identity(id, keys)
                        .pinned(coordinator.publicKey(), roster) // read off a letter, not asked over the network
                        .policy(ClientPolicy.DEFAULT) // refuses updates in the clear and cohorts below three
                        .trainer(trainers.over(notes(hospital)))
                        .stateDirectory(folder.resolve(HOSPITALS.get(hospital)))
                        .build()) {
            return client.run(TASK);
        }
    }

    /** Each hospital has three of the nine departments, and so its own mix of patients and its own way of writing. */
    private static List<Example> notes(int hospital) {
        List<List<Example>> departments = List.copyOf(
                new SyntheticTriageNotes(1).training(NOTES_A_DEPARTMENT).values());
        int share = departments.size() / HOSPITALS.size();
        return departments.subList(hospital * share, (hospital + 1) * share).stream()
                .flatMap(List::stream)
                .toList();
    }

    private double accuracy(TaskSpec task, byte[] adapter, List<Example> test) throws InterruptedException {
        return trainers.evaluateLabels(task, AdapterBytes.decode(adapter), test).accuracy();
    }
}
