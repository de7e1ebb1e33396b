package dev.fedlora.client.agent;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.client.FederatedClient;
import dev.fedlora.client.ProgressListener;
import dev.fedlora.client.TaskReport;
import dev.fedlora.client.http.HttpTransport;
import dev.fedlora.client.policy.RefusedException;
import dev.fedlora.client.training.TransformerTrainers;
import dev.fedlora.client.transport.CoordinatorException;
import dev.fedlora.client.transport.WaitingTime;
import dev.fedlora.lora.file.WholeFile;
import dev.fedlora.lora.safetensors.AdapterBytes;
import dev.fedlora.lora.tensor.MatrixBackend;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one client over HTTP until its task is finished, and leaves the final adapter in its state directory. A coordinator
 * that is not there yet, or does not know the task yet, is waited for.
 *
 * <p>Used by one thread; interrupting it ends the run with every key of an open round wiped.
 */
public final class ClientAgent {
    private static final Logger LOG = LoggerFactory.getLogger(ClientAgent.class);

    // a task is created by a person
    private static final Duration TASK_PAUSE = Duration.ofSeconds(5);

    private final AgentConfig config;
    private final MatrixBackend backend;
    private final int threads;
    private final ProgressListener listener;
    private final WaitingTime time;

    /**
     * Makes an agent.
     *
     * @param backend for matrix products
     * @param threads that compute, at least 1
     */
    public ClientAgent(AgentConfig config, MatrixBackend backend, int threads, ProgressListener listener) {
        this(config, backend, threads, listener, WaitingTime.system());
    }

    ClientAgent(AgentConfig config, MatrixBackend backend, int threads, ProgressListener listener, WaitingTime time) {
        this.config = config;
        this.backend = backend;
        this.threads = threads;
        this.listener = listener;
        this.time = time;
    }

    /** Returns where the final adapter is put, in its canonical bytes. */
    public Path adapterFile() {
        return config.state().resolve(config.task() + ".safetensors");
    }

    /**
     * Runs until the task is finished.
     *
     * @throws RefusedException when policy, pins or ledger forbid to go on
     * @throws IllegalArgumentException when data or base model do not fit the task, or identity and roster each other
     * @throws CoordinatorException when the coordinator refuses this client
     * @throws IOException when the coordinator stays away for long, or a file cannot be read or written
     * @throws InterruptedException when the thread is interrupted
     */
    public TaskReport run() throws IOException, InterruptedException, RefusedException {
        try (IdentityKeys identity = IdentityKeys.load(config.identity());
                TransformerTrainers trainers = TransformerTrainers.open(config.baseModel(), backend, threads);
                HttpTransport transport = new HttpTransport(config.http(), config.clientId(), identity, time);
                FederatedClient client = FederatedClient.builder()
                        .transport(transport)
                        .identity(config.clientId(), identity)
                        .pinned(config.coordinatorKey(), config.roster())
                        .trainer(trainers.over(config.data()))
                        .policy(config.policy())
                        .stateDirectory(config.state())
                        .listener(listener)
                        .time(time)
                        .build()) {
            TaskReport report = untilKnown(client);
            WholeFile.write(adapterFile(), AdapterBytes.encode(report.adapter()));
            return report;
        }
    }

    private TaskReport untilKnown(FederatedClient client) throws IOException, InterruptedException, RefusedException {
        boolean isSaid = false;
        while (true) {
            try {
                return client.run(config.task());
            } catch (CoordinatorException e) {
                if (!e.type().equals("unknown-task")) {
                    throw e;
                }
                if (!isSaid) {
                    LOG.info("the coordinator does not know task {} yet; waiting for it", config.task());
                    isSaid = true;
                }
                time.pause(TASK_PAUSE);
            }
        }
    }
}
