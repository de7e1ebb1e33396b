package dev.fedlora.cli.demo;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.aggregation.wire.RosterEntry;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.client.FederatedClient;
import dev.fedlora.client.ProgressListener;
import dev.fedlora.client.TaskReport;
import dev.fedlora.client.http.HttpOptions;
import dev.fedlora.client.http.HttpTransport;
import dev.fedlora.client.policy.ClientPolicy;
import dev.fedlora.client.transport.CoordinatorTransport;
import dev.fedlora.client.transport.WaitingTime;
import dev.fedlora.coordinator.CoordinatorServer;
import dev.fedlora.coordinator.config.CoordinatorConfig;
import dev.fedlora.coordinator.round.RoundEvent;
import dev.fedlora.coordinator.round.RoundService;
import dev.fedlora.coordinator.round.TaskStatus;
import dev.fedlora.coordinator.store.TaskState;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.safetensors.AdapterBytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * A coordinator and its clients in one process, talking HTTP over a loopback port: the product's own classes, wired as
 * they would be on ten machines. Everything it keeps is in one folder.
 */
final class LocalFederation implements AutoCloseable {
    private final Path folder;
    private final List<Owner> owners;
    private final List<IdentityKeys> identities = new ArrayList<>();
    private final Roster roster;

    /** Makes the clients' identities and the roster, as the federation's members would agree on them beforehand. */
    LocalFederation(Path folder, List<Owner> owners) {
        this.folder = folder;
        this.owners = List.copyOf(owners);
        SecureRandom random = new SecureRandom();
        List<RosterEntry> entries = new ArrayList<>();
        for (Owner owner : owners) {
            IdentityKeys keys = IdentityKeys.generate(random);
            identities.add(keys);
            long id = entries.size() + 1;
            entries.add(new RosterEntry(id, owner.rosterName(id), Bytes.of(keys.publicKey())));
        }
        this.roster = new Roster(entries);
    }

    /**
     * Runs the task to its end.
     *
     * @return the final adapter, as the clients have it
     * @throws IOException when the task came to an early end
     */
    LoraAdapter run(DemoRun demo, RoundWatch watch) throws Exception {
        Path rosterFile = Files.writeString(folder.resolve("roster.json"), roster.toJson());
        CoordinatorConfig config = CoordinatorConfig.onLoopback(coordinatorFolder(), rosterFile);
        try (CoordinatorServer server = CoordinatorServer.start(config, watch)) {
            RoundService service = server.roundService();
            service.addListener(event -> {
                if (event instanceof RoundEvent.Finished finished) {
                    watch.finished(finished, service.adapter(finished.adapter()));
                }
            });
            String task = demo.task().task();
            service.createTask(demo.task(), AdapterBytes.encode(demo.initial()));
            service.start(task);
            List<Callable<TaskReport>> clients = new ArrayList<>();
            for (int i = 0; i < owners.size(); i++) {
                int client = i;
                clients.add(() -> runClient(client, server, demo));
            }
            List<TaskReport> reports = Concurrently.run("demo-client", clients);
            TaskStatus status = service.status(task);
            if (status.state() != TaskState.FINISHED) {
                throw new IOException("the task ended early: " + status.detail());
            }
            return reports.get(0).adapter();
        }
    }

    /** One client's whole life, as its own process would have it. */
    private TaskReport runClient(int client, CoordinatorServer server, DemoRun demo) throws Exception {
        long id = client + 1L;
        IdentityKeys keys = identities.get(client);
        HttpOptions options = HttpOptions.of(server.uri(), null);
        try (CoordinatorTransport http = new HttpTransport(options, id, keys, WaitingTime.system());
                CoordinatorTransport way = new VanishingTransport(http, round -> vanishes(client, round, demo.drop()));
                FederatedClient participant = FederatedClient.builder()
                        .transport(way)
                        .identity(id, keys)
                        .pinned(server.publicKey(), roster)
                        .policy(policy(demo.task()))
                        .trainer(demo.trainers().over(owners.get(client).examples()))
                        .stateDirectory(clientFolder(client))
                        .listener(new ProgressListener() {
                            @Override
                            public void trained(long round, long examples, double meanLoss) {
                                demo.table().trained();
                            }
                        })
                        .build()) {
            return participant.run(demo.task().task());
        }
    }

    /** In every round others vanish, in turn. */
    private boolean vanishes(int client, long round, int drop) {
        long first = (round - 1) * drop;
        return Math.floorMod(client - first, owners.size()) < drop;
    }

    /** What each client insists on: the protocol, and the budget that the user gave, whatever the coordinator says. */
    private static ClientPolicy policy(TaskSpec task) {
        boolean secure = task.aggregation().protocol() == Protocol.SECAGG;
        int survivors = task.aggregation().minimumSurvivors();
        ClientPolicy usual = ClientPolicy.DEFAULT;
        PrivacySpec privacy = task.privacy();
        return new ClientPolicy(
                survivors,
                survivors,
                0,
                secure,
                privacy == null ? usual.maximumEpsilon() : privacy.epsilon(),
                privacy == null ? usual.maximumDelta() : privacy.delta(),
                privacy != null);
    }

    /** Returns the ledger of the coordinator and of each client; they exist when the task has a guarantee. */
    List<Path> ledgers(TaskSpec task) {
        List<Path> ledgers = new ArrayList<>();
        ledgers.add(coordinatorFolder().resolve("ledgers").resolve(task.task() + ".ledger"));
        for (int i = 0; i < owners.size(); i++) {
            ledgers.add(clientFolder(i).resolve("privacy-record.ledger"));
        }
        return ledgers;
    }

    private Path coordinatorFolder() {
        return folder.resolve("coordinator");
    }

    private Path clientFolder(int client) {
        return folder.resolve("client-" + (client + 1));
    }

    /** Wipes the clients' private keys. */
    @Override
    public void close() {
        identities.forEach(IdentityKeys::close);
    }
}
