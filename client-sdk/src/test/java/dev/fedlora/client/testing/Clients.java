package dev.fedlora.client.testing;

import dev.fedlora.client.FederatedClient;
import dev.fedlora.client.FederatedClientBuilder;
import dev.fedlora.client.TaskReport;
import dev.fedlora.client.transport.CoordinatorTransport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Clients of a {@link Federation}, each with a state directory, a virtual time and private numbers of its own. */
public final class Clients {
    private final Federation federation;
    private final Path directory;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    /** Makes clients whose state is below {@code directory}. */
    public Clients(Federation federation, Path directory) {
        this.federation = federation;
        this.directory = directory;
    }

    /** Returns how many examples a client holds: 10 times its id, so that weights differ and the cap is met. */
    public static int examples(long id) {
        return (int) (10 * id);
    }

    /** Returns the trainer of one client. */
    public static LinearTrainer trainer(long id) {
        return new LinearTrainer(Federation.PARAMETERS, examples(id), id);
    }

    /** Returns a client's state directory. */
    public Path stateDirectory(long id) {
        return directory.resolve("client-" + id);
    }

    /** Returns a builder with everything set. */
    public FederatedClientBuilder builder(long id, CoordinatorTransport transport) {
        return FederatedClient.builder()
                .transport(transport)
                .identity(id, federation.client(id))
                .pinned(federation.coordinatorKey(), federation.roster())
                .trainer((task, adapter) -> trainer(id))
                .stateDirectory(stateDirectory(id))
                .time(new VirtualTime());
    }

    /** Runs a client to the end of the task on a thread of its own. */
    public Future<TaskReport> start(FederatedClientBuilder builder) {
        return threads.submit(() -> {
            try (FederatedClient client = builder.build()) {
                return client.run("line");
            }
        });
    }

    /** Runs all clients but those already started, each honestly. */
    public List<Future<TaskReport>> startOthers(MemoryCoordinator coordinator, Long... started) {
        List<Future<TaskReport>> running = new ArrayList<>();
        for (var entry : federation.roster().clients()) {
            if (!List.of(started).contains(entry.id())) {
                running.add(start(builder(entry.id(), coordinator.transport(entry.id()))));
            }
        }
        return running;
    }

    /** Returns a result; a test that waits for two minutes hangs. */
    public static <T> T result(Future<T> running) throws Exception {
        return running.get(2, TimeUnit.MINUTES);
    }

    /** Interrupts whatever still runs and waits for its end. */
    public void stop() throws InterruptedException {
        threads.shutdownNow();
        threads.awaitTermination(1, TimeUnit.MINUTES);
    }
}
