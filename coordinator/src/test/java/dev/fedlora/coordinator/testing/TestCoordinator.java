package dev.fedlora.coordinator.testing;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.coordinator.config.CoordinatorConfig;
import dev.fedlora.coordinator.config.Limits;
import dev.fedlora.coordinator.http.HttpInterface;
import dev.fedlora.coordinator.registry.Federation;
import dev.fedlora.coordinator.round.RoundEvent;
import dev.fedlora.coordinator.round.RoundService;
import dev.fedlora.coordinator.store.DirectoryLock;
import dev.fedlora.coordinator.store.Store;
import dev.fedlora.lora.safetensors.AdapterBytes;
import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A coordinator behind real HTTP on a free port, whose rounds follow a clock that the test moves. */
public final class TestCoordinator implements AutoCloseable {
    private final ManualScheduler scheduler = new ManualScheduler();
    private final List<RoundEvent> events = new CopyOnWriteArrayList<>();
    private final TestFederation clients;
    private final DirectoryLock lock;
    private final Store store;
    private final RoundService service;
    private final HttpInterface http;

    /** Starts on a data directory, new or left by a former coordinator. */
    public TestCoordinator(TestFederation clients, Path data, Limits limits) {
        this.clients = clients;
        this.lock = DirectoryLock.claim(data);
        Path roster = clients.writeRoster(data);
        SecureRandom random = new SecureRandom();
        this.store = Store.open(data);
        this.service = new RoundService(
                Federation.load(roster, data, random),
                new RoundService.Environment(store, data.resolve("ledgers"), scheduler, random),
                events::add);
        CoordinatorConfig config = CoordinatorConfig.onLoopback(data, roster).withLimits(limits);
        this.http = HttpInterface.start(config, service, Instant::now);
        service.resume();
    }

    /** Creates and starts a task over the adapter of zeros. */
    public TestCoordinator run(TaskSpec spec) {
        service.createTask(spec, AdapterBytes.encode(Adapters.initial()));
        service.start(spec.task());
        return this;
    }

    /** Returns a client of this coordinator. */
    public TestClient client(long id, String task) {
        return new TestClient(this, id, service.task(task));
    }

    /** Returns all clients in the order of their ids. */
    public List<TestClient> clients(String task) {
        return clients.ids().stream().map(id -> client(id, task)).toList();
    }

    TestFederation federation() {
        return clients;
    }

    /** The key pair of a client. */
    public IdentityKeys identity(long client) {
        return clients.identity(client);
    }

    /** Where it listens. */
    public URI uri() {
        return http.uri();
    }

    /** What its rounds are run by. */
    public RoundService service() {
        return service;
    }

    /** Its key, which clients pin. */
    public Bytes publicKey() {
        return service.federation().publicKey();
    }

    /** The clock of its rounds. */
    public ManualScheduler scheduler() {
        return scheduler;
    }

    /** Lets the open phase of a {@link Tasks#GENEROUS} round run into its deadline. */
    public void passDeadline() {
        scheduler.advance(Tasks.GENEROUS.keys());
    }

    /** What its listener was told so far. */
    public List<RoundEvent> events() {
        return events;
    }

    /** What its listener was told of one kind. */
    public <T extends RoundEvent> List<T> events(Class<T> kind) {
        return events.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    @Override
    public void close() {
        service.close();
        http.close();
        scheduler.close();
        store.close();
        lock.close();
    }
}
