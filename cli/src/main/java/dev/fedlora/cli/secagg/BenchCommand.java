package dev.fedlora.cli.secagg;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code fedlora secagg bench}: what a round costs. */
@Command(
        name = "bench",
        description = {
            "Run one round in memory and measure it: random vectors, all messages through their bytes, some clients lost"
                    + " after their masks are agreed. The sum is compared with the plain one."
        })
final class BenchCommand extends AnsweringCommand {
    private static final int WARM_CLIENTS = 9;
    private static final int WARM_DIMENSION = 1 << 17;

    @Option(
            names = "--clients",
            paramLabel = "N",
            defaultValue = "9",
            description = "Clients, 3 to 128 (default: ${DEFAULT-VALUE}).")
    private int clients = 9;

    @Option(
            names = "--dimension",
            paramLabel = "D",
            defaultValue = "100000",
            description = "Coordinates of a vector (default: ${DEFAULT-VALUE}).")
    private int dimension = 100_000;

    @Option(
            names = "--dropout",
            paramLabel = "F",
            defaultValue = "0",
            description = "Share of the clients that is lost (default: ${DEFAULT-VALUE}).")
    private double dropout;

    private boolean isExact;

    @Override
    protected Answer answer() {
        if (dimension < 2 || dimension > RoundPlan.MAX_DIMENSION) {
            throw wrongUsage("--dimension must be from 2 to %d, got %d".formatted(RoundPlan.MAX_DIMENSION, dimension));
        }
        if (!(dropout >= 0 && dropout < 1)) {
            throw wrongUsage("--dropout must be in [0, 1), got " + dropout);
        }
        int lost = (int) Math.floor(dropout * clients);
        MeasuredRound round = fromOptions(() -> MeasuredRound.of(clients, dimension, lost));
        // a first round for the compiler; small, because it learns from short loops what long ones need
        MeasuredRound.of(Math.min(clients, WARM_CLIENTS), Math.min(dimension, WARM_DIMENSION), 0)
                .run();
        MeasuredRound.Result result = round.run();
        isExact = result.isExact();
        ObjectNode json = Answer.object();
        json.put("clientMillis", result.clientMillis());
        json.put("serverMillis", result.serverMillis());
        json.put("uploadBytes", result.uploadBytes());
        json.put("exact", result.isExact());
        return Answer.of(
                json,
                "%d clients, %d lost, dimension %d: a client computes %.1f ms and uploads %,d bytes, the server computes %.1f ms; the sum is %s"
                        .formatted(
                                clients,
                                lost,
                                dimension,
                                result.clientMillis(),
                                result.uploadBytes(),
                                result.serverMillis(),
                                isExact ? "exact" : "WRONG"));
    }

    @Override
    protected void afterwards() {
        if (!isExact) {
            throw new IllegalStateException("the sum under secure aggregation is not the plain sum");
        }
    }
}
