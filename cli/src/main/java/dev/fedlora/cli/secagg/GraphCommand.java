package dev.fedlora.cli.secagg;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.aggregation.secagg.GraphParameters;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code fedlora secagg graph}: degree and threshold of a cohort. */
@Command(
        name = "graph",
        description = {
            "Show with how many others a client shares its secrets, and how many shares restore one.",
            "Cohorts of 3 to 128 clients form the complete graph, with the threshold that holds against a coordinator"
                    + " that lies; it holds against a curious one all the more."
        })
final class GraphCommand extends AnsweringCommand {
    /** What the coordinator may do. */
    enum Threat {
        SEMI_HONEST("semi-honest"),
        SEMI_MALICIOUS("semi-malicious");

        private final String words;

        Threat(String words) {
            this.words = words;
        }

        @Override
        public String toString() {
            return words;
        }
    }

    @Option(names = "--clients", required = true, paramLabel = "N", description = "Clients of a cohort, 3 to 128.")
    private int clients;

    @Option(
            names = "--corrupt",
            paramLabel = "C",
            defaultValue = "0",
            description =
                    "Share of the clients that may work with the coordinator, in [0, 1) (default: ${DEFAULT-VALUE}).")
    private double corrupt;

    @Option(
            names = "--dropout",
            paramLabel = "D",
            defaultValue = "0",
            description = "Share of the clients that may be lost, in [0, 1) (default: ${DEFAULT-VALUE}).")
    private double dropout;

    @Option(
            names = "--threat",
            paramLabel = "THREAT",
            defaultValue = "semi-malicious",
            description =
                    "What the coordinator may do: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}). The complete"
                            + " graph's parameters are the same for both.")
    @SuppressWarnings("UnusedVariable") // accepted, because larger graphs will depend on it
    private Threat threat = Threat.SEMI_MALICIOUS;

    @Override
    protected Answer answer() {
        requireShare("--corrupt", corrupt);
        requireShare("--dropout", dropout);
        GraphParameters graph =
                fromOptions(() -> GraphParameters.forClients(clients, (int) Math.floor(corrupt * clients)));
        int left = clients - (int) Math.floor(dropout * clients);
        if (left < graph.threshold()) {
            throw wrongUsage("with --dropout %s %d of %d clients are left, %d shares are needed against --corrupt %s"
                    .formatted(dropout, left, clients, graph.threshold(), corrupt));
        }
        ObjectNode json = Answer.object();
        json.put("degree", graph.neighbours());
        json.put("threshold", graph.threshold());
        return Answer.of(
                json,
                "degree %d, threshold %d: up to %d of %d clients may be lost"
                        .formatted(graph.neighbours(), graph.threshold(), clients - graph.threshold(), clients));
    }

    private void requireShare(String option, double value) {
        if (!(value >= 0 && value < 1)) {
            throw wrongUsage("%s must be in [0, 1), got %s".formatted(option, value));
        }
    }
}
