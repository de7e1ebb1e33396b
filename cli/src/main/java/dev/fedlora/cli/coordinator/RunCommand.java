package dev.fedlora.cli.coordinator;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.artifact.OpenedBase;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.cli.command.CleanEnd;
import dev.fedlora.coordinator.CoordinatorServer;
import dev.fedlora.coordinator.config.CoordinatorConfig;
import dev.fedlora.coordinator.config.Limits;
import dev.fedlora.coordinator.config.ListenAddress;
import dev.fedlora.coordinator.config.TlsFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code fedlora coordinator run}: the server. */
@Command(
        name = "run",
        description = {
            "Run a coordinator until Ctrl-C or SIGTERM. Tasks that ran when it was ended go on.",
            "Where it listens and its public key are printed at once, what happens later goes to standard error."
        })
final class RunCommand extends AnsweringCommand {
    private static final String DEFAULT_LISTEN = "127.0.0.1:8080";

    @Option(
            names = "--dir",
            required = true,
            paramLabel = "DIR",
            description = "Data directory: key, database, ledgers; see 'fedlora coordinator init'.")
    private Path directory = Path.of("");

    @Option(
            names = "--roster",
            required = true,
            paramLabel = "FILE",
            description = "The clients, as 'fedlora roster create' wrote them.")
    private Path roster = Path.of("");

    @Option(
            names = "--listen",
            paramLabel = "HOST:PORT",
            defaultValue = DEFAULT_LISTEN,
            description = "Where to listen (default: ${DEFAULT-VALUE}); port 0 takes a free one.")
    private String listen = DEFAULT_LISTEN;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "How the coordinator calls itself (default: the host that it listens on).")
    private @Nullable String name;

    @ArgGroup(exclusive = false)
    private @Nullable TlsOptions tls;

    @ArgGroup(exclusive = false)
    private @Nullable TaskOptions tasks;

    private @Nullable CoordinatorServer server;
    private @Nullable CleanEnd end;

    /** The certificate; needed unless it listens on a loopback address. */
    static final class TlsOptions {
        @Option(
                names = "--tls-certificate",
                required = true,
                paramLabel = "PEM",
                description = "Certificate chain, the server's own first.")
        private Path certificate = Path.of("");

        @Option(
                names = "--tls-key",
                required = true,
                paramLabel = "PEM",
                description = "Its private key, PKCS #8 without a password.")
        private Path key = Path.of("");
    }

    /** Tasks to create. */
    static final class TaskOptions {
        @Option(
                names = "--task",
                required = true,
                paramLabel = "FILE",
                description = "Create and start the task that 'fedlora task create' wrote there; may be repeated. One"
                        + " that is there already goes on.")
        private List<Path> files = List.of();

        @Option(
                names = "--base",
                required = true,
                paramLabel = "MODEL",
                description =
                        "Their base model, a GGUF file or the built-in all-minilm-l6-v2: the first adapter is made"
                                + " over it.")
        private String base = "";
    }

    @Override
    protected Answer answer() throws IOException {
        CoordinatorConfig config = config();
        config.requireValid();
        List<PlannedTask> planned = planned();
        end = new CleanEnd();
        boolean isRunning = false;
        try {
            server = CoordinatorServer.start(config, event -> tell(EventWords.of(event)));
            Answer answer = started(server, planned);
            isRunning = true;
            return answer;
        } finally {
            if (!isRunning) {
                stop();
            }
        }
    }

    private static Answer started(CoordinatorServer server, List<PlannedTask> planned) {
        ObjectNode json = Answer.object();
        json.put("url", server.uri().toString());
        json.put("publicKey", server.publicKey().hex());
        ArrayNode tasks = json.putArray("tasks");
        planned.forEach(task -> tasks.add(task.start(server.roundService())));
        return Answer.of(json, "listening on %s, public key %s".formatted(server.uri(), server.publicKey()));
    }

    /** Serves until the process is told to end. */
    @Override
    protected void afterwards() {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException told) {
            tell("stopping");
        } finally {
            stop();
        }
    }

    private void stop() {
        try {
            if (server != null) {
                server.close();
                tell("stopped");
            }
        } finally {
            if (end != null) {
                end.allClosed();
            }
        }
    }

    private CoordinatorConfig config() {
        ListenAddress address = fromOptions(() -> address(listen));
        return new CoordinatorConfig(
                name == null ? address.host() : name,
                address,
                directory,
                roster,
                tls == null ? null : new TlsFiles(tls.certificate, tls.key),
                Limits.DEFAULT);
    }

    private List<PlannedTask> planned() throws IOException {
        List<PlannedTask> planned = new ArrayList<>();
        if (tasks != null) {
            OpenedBase base = OpenedBase.open(tasks.base);
            for (Path file : tasks.files) {
                planned.add(PlannedTask.read(file, base));
            }
        }
        return planned;
    }

    /** @throws IllegalArgumentException when the text is not HOST:PORT */
    static ListenAddress address(String text) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        String port = text.substring(colon + 1);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        if (host.isEmpty() || !port.matches("[0-9]{1,5}")) {
            throw new IllegalArgumentException(
                    "--listen must be HOST:PORT such as 127.0.0.1:8080 or [::1]:8080, got " + text);
        }
        return new ListenAddress(host, Integer.parseInt(port));
    }
}
