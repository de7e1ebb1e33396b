package dev.fedlora.simulations;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.client.FederatedClient;
import dev.fedlora.client.ProgressListener;
import dev.fedlora.client.policy.ClientPolicy;
import dev.fedlora.client.training.RoundBits;
import dev.fedlora.coordinator.registry.Federation;
import dev.fedlora.coordinator.round.RoundEvent;
import dev.fedlora.coordinator.round.RoundService;
import dev.fedlora.coordinator.round.SystemScheduler;
import dev.fedlora.coordinator.store.Store;
import dev.fedlora.coordinator.store.TaskState;
import dev.fedlora.coordinator.store.Traffic;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.OwnedExample;
import dev.fedlora.lora.safetensors.AdapterBytes;
import dev.fedlora.simulations.experiment.Experiment;
import dev.fedlora.simulations.transport.InMemoryTransport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/** One run of one federation, from the first plan to the last adapter. Used once. */
final class SimulationRun {
    // clients of a simulation are bound by nothing: their policies are what is being studied elsewhere
    private static final ClientPolicy ANYTHING =
            new ClientPolicy(1, 1, 0, false, Double.MAX_VALUE, Math.nextDown(1.0), false);

    private final SimulatedFederation federation;
    private final List<? extends OwnedExample> test;
    private final SimulationProgress progress;
    private final Path work;
    private final LinkedBlockingQueue<Object> events = new LinkedBlockingQueue<>();
    private final Map<Long, Map<Long, Trained>> trained = new ConcurrentHashMap<>();
    private final List<SimulationMetrics.Round> rounds = new ArrayList<>();
    private final List<SimulationTimings.Round> timings = new ArrayList<>();
    private final long begun = System.nanoTime();

    private record Trained(long examples, double meanLoss) {}

    private record ClientFailed(long id, Throwable failure) {}

    SimulationRun(
            SimulatedFederation federation, List<? extends OwnedExample> test, SimulationProgress progress, Path work) {
        this.federation = federation;
        this.test = test;
        this.progress = progress;
        this.work = work;
    }

    /** What a run gave. */
    final class Result {
        private final LoraAdapter start;
        private final SimulationMetrics.Score startScore;
        private final byte[] adapter;

        private Result(LoraAdapter start, SimulationMetrics.Score startScore, byte[] adapter) {
            this.start = start;
            this.startScore = startScore;
            this.adapter = adapter;
        }

        byte[] adapter() {
            return adapter.clone();
        }

        SimulationMetrics metrics(Experiment experiment, String backend, List<String> dataSha256) {
            return new SimulationMetrics(
                    experiment.name(),
                    Simulation.STAMP,
                    experiment.seed(),
                    backend,
                    federation.task().baseSha256(),
                    dataSha256,
                    start.parameterCount(),
                    federation.task().aggregation().protocol(),
                    federation.cohort().clients(),
                    startScore,
                    rounds,
                    Bytes.sha256(adapter));
        }

        SimulationTimings timings(int threads) {
            return new SimulationTimings(
                    System.getProperty("java.version"),
                    System.getProperty("os.name") + " " + System.getProperty("os.arch"),
                    Runtime.getRuntime().availableProcessors(),
                    threads,
                    seconds(System.nanoTime() - begun),
                    timings);
        }
    }

    /**
     * Runs the task to its end.
     *
     * @throws SimulationException when a client or the coordinator fails
     */
    Result run(SecureRandom random) throws IOException, InterruptedException {
        TaskSpec task = federation.task();
        LoraAdapter start = federation.trainers().newAdapter(task);
        Path data = Files.createDirectories(work.resolve("coordinator"));
        List<Thread> clients = new ArrayList<>();
        try (IdentityKeys identity = IdentityKeys.generate(random);
                Store store = Store.open(data);
                SystemScheduler scheduler = new SystemScheduler(1);
                RoundService service = new RoundService(
                        new Federation(federation.cohort().roster(), identity),
                        new RoundService.Environment(store, data.resolve("ledgers"), scheduler, random),
                        events::add)) {
            try {
                service.createTask(task, AdapterBytes.encode(start));
                SimulationMetrics.Score startScore = score(start);
                progress.started(federation.cohort().clients(), startScore);
                for (long id = 1; id <= federation.cohort().size(); id++) {
                    clients.add(startClient(service, id));
                }
                service.start(task.task());
                Bytes last = follow(service);
                for (Thread client : clients) {
                    client.join(); // each fetches and checks the last adapter
                }
                requireNoFailure();
                return new Result(start, startScore, service.adapter(last));
            } finally {
                end(clients);
            }
        }
    }

    private Thread startClient(RoundService service, long id) {
        Thread thread = new Thread(() -> runClient(service, id), "simulated-client-" + id);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private void runClient(RoundService service, long id) {
        try (InMemoryTransport transport = new InMemoryTransport(service, id);
                FederatedClient client = FederatedClient.builder()
                        .transport(transport)
                        .identity(id, federation.cohort().keys(id))
                        .pinned(
                                service.federation().publicKey(),
                                federation.cohort().roster())
                        .trainer(federation.trainers().over(federation.cohort().examples(id)))
                        .policy(ANYTHING)
                        .stateDirectory(work.resolve("client-" + id))
                        // a stream of its own for every client
                        .bits(RoundBits.reproducibleNotPrivate(federation.seed() * 1_000_003 + id))
                        .listener(listener(id))
                        .build()) {
            client.run(federation.task().task());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the run is over
        } catch (Exception e) {
            events.add(new ClientFailed(id, e));
        }
    }

    private ProgressListener listener(long id) {
        return new ProgressListener() {
            @Override
            public void trained(long round, long examples, double meanLoss) {
                trained.computeIfAbsent(round, number -> new ConcurrentSkipListMap<>())
                        .put(id, new Trained(examples, meanLoss));
            }
        };
    }

    /** Evaluates round after round and returns the last adapter's hash. */
    private Bytes follow(RoundService service) throws InterruptedException {
        while (true) {
            Object event = events.take();
            if (event instanceof RoundEvent.Finished finished) {
                finished(service, finished);
            } else if (event instanceof RoundEvent.Aborted aborted) {
                progress.roundAborted(aborted.round(), aborted.reason() + ": " + aborted.detail());
            } else if (event instanceof RoundEvent.Ended ended) {
                if (ended.state() == TaskState.FAILED) {
                    throw new SimulationException("the task failed: " + ended.detail());
                }
                return ended.adapter();
            } else if (event instanceof ClientFailed failed) {
                throw failure(failed);
            }
        }
    }

    private void requireNoFailure() {
        for (Object event : events) {
            if (event instanceof ClientFailed failed) {
                throw failure(failed);
            }
        }
    }

    private SimulationException failure(ClientFailed failed) {
        String name = federation.cohort().clients().get((int) failed.id() - 1).client();
        return new SimulationException(
                "client " + name + ": " + failed.failure().getMessage(), failed.failure());
    }

    private void finished(RoundService service, RoundEvent.Finished event) throws InterruptedException {
        long evaluating = System.nanoTime();
        SimulationMetrics.Score score = score(AdapterBytes.decode(service.adapter(event.adapter())));
        SimulationMetrics.Round round = new SimulationMetrics.Round(
                event.round(), event.survivors(), trainingLoss(event), score, event.epsilon(), event.adapter());
        Map<String, Double> phases = new TreeMap<>();
        event.phases().forEach((phase, open) -> phases.put(phase.path(), seconds(open.toNanos())));
        SimulationTimings.Round timing = new SimulationTimings.Round(
                event.round(),
                phases,
                seconds(event.aggregation().toNanos()),
                seconds(System.nanoTime() - evaluating),
                event.traffic().values().stream().mapToLong(Traffic::up).sum(),
                event.traffic().values().stream().mapToLong(Traffic::down).sum());
        rounds.add(round);
        timings.add(timing);
        progress.roundFinished(round, timing);
    }

    private @Nullable Double trainingLoss(RoundEvent.Finished event) {
        if (federation.task().privacy() != null) {
            return null;
        }
        double loss = 0;
        long examples = 0;
        Map<Long, Trained> all = trained.getOrDefault(event.round(), Map.of());
        for (long id : event.survivors()) { // ascending, so that the sum is the same every time
            Trained one = all.get(id);
            if (one != null) {
                loss += one.meanLoss() * one.examples();
                examples += one.examples();
            }
        }
        return loss / examples;
    }

    private SimulationMetrics.Score score(LoraAdapter adapter) throws InterruptedException {
        return SimulationMetrics.Score.of(federation.trainers().evaluate(federation.task(), adapter, test));
    }

    private static void end(List<Thread> clients) throws InterruptedException {
        clients.forEach(Thread::interrupt);
        for (Thread client : clients) {
            client.join();
        }
    }

    private static double seconds(long nanos) {
        return nanos / 1e9;
    }
}
