package dev.fedlora.coordinator;

import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.coordinator.config.CoordinatorConfig;
import dev.fedlora.coordinator.config.StartupException;
import dev.fedlora.coordinator.http.HttpInterface;
import dev.fedlora.coordinator.registry.Federation;
import dev.fedlora.coordinator.round.RoundListener;
import dev.fedlora.coordinator.round.RoundService;
import dev.fedlora.coordinator.round.SystemScheduler;
import dev.fedlora.coordinator.store.DirectoryLock;
import dev.fedlora.coordinator.store.Store;
import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A running coordinator. Thread-safe.
 *
 * <pre>{@code
 * try (CoordinatorServer server = CoordinatorServer.start(config)) {
 *     server.roundService().createTask(spec, initialAdapter);
 *     server.roundService().start(spec.task());
 *     ...
 * }
 * }</pre>
 */
public final class CoordinatorServer implements AutoCloseable {
    private static final String LEDGERS = "ledgers";
    /** Rounds of different tasks that are closed at the same time; one round keeps one worker busy. */
    private static final int ROUND_WORKERS = 2;

    private final RoundService service;
    private final HttpInterface http;
    private final Deque<AutoCloseable> opened;

    private CoordinatorServer(RoundService service, HttpInterface http, Deque<AutoCloseable> opened) {
        this.service = service;
        this.http = http;
        this.opened = opened;
    }

    /**
     * Starts a coordinator: checks the configuration, claims the data directory, opens the store, goes on with running
     * tasks, and listens.
     *
     * @param config what it is told
     * @param listeners are told what happens in rounds
     * @throws StartupException when something is in the way; nothing is left open then
     */
    public static CoordinatorServer start(CoordinatorConfig config, RoundListener... listeners) {
        config.requireValid();
        Deque<AutoCloseable> opened = new ArrayDeque<>();
        try {
            Path data = config.dataDirectory();
            opened.push(DirectoryLock.claim(data));
            SecureRandom random = new SecureRandom();
            Federation federation = Federation.load(config.roster(), data, random);
            opened.push(federation.identity());
            Store store = push(opened, Store.open(data));
            SystemScheduler scheduler = push(opened, new SystemScheduler(ROUND_WORKERS));
            RoundService service = push(
                    opened,
                    new RoundService(
                            federation,
                            new RoundService.Environment(store, data.resolve(LEDGERS), scheduler, random),
                            listeners));
            HttpInterface http = push(opened, HttpInterface.start(config, service, scheduler::now));
            service.resume();
            return new CoordinatorServer(service, http, opened);
        } catch (RuntimeException e) {
            closeAll(opened, e);
            throw e;
        }
    }

    private static <T extends AutoCloseable> T push(Deque<AutoCloseable> opened, T part) {
        opened.push(part);
        return part;
    }

    private static void closeAll(Deque<AutoCloseable> opened, RuntimeException first) {
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (Exception e) {
                first.addSuppressed(e);
            }
        }
    }

    /** Returns where it listens, with the port it really has. */
    public URI uri() {
        return http.uri();
    }

    /** Returns its tasks and rounds. */
    public RoundService roundService() {
        return service;
    }

    /** Returns its public identity key, 32 bytes: what clients pin. */
    public Bytes publicKey() {
        return service.federation().publicKey();
    }

    /**
     * Stops: open rounds are aborted and their clients told, requests in hand are answered, and everything is closed. Tasks
     * go on when a coordinator is started on the same data directory again.
     */
    @Override
    public void close() {
        RuntimeException failure = new IllegalStateException("the coordinator did not stop cleanly");
        service.close(); // first, so that long polls are answered and the server need not wait for them
        closeAll(opened, failure);
        if (failure.getSuppressed().length > 0) {
            throw failure;
        }
    }
}
