package dev.fedlora.cli.simulate;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.cli.artifact.OpenedBase;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.cli.command.ComputeOptions;
import dev.fedlora.lora.tensor.MatrixBackend;
import dev.fedlora.simulations.Simulation;
import dev.fedlora.simulations.SimulationMetrics;
import dev.fedlora.simulations.SimulationProgress;
import dev.fedlora.simulations.SimulationTimings;
import dev.fedlora.simulations.experiment.Experiment;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fedlora simulate}: one experiment. */
@Command(
        name = "simulate",
        description = {
            "Run an experiment: the product's own clients and coordinator in memory. The same file, seed and back end give"
                    + " the same metrics.json, byte for byte.",
            "Keys and noise come from the seed: a simulation protects nobody."
        })
public final class SimulateCommand extends AnsweringCommand {
    @Option(
            names = {"-f", "--file"},
            required = true,
            paramLabel = "FILE",
            description = "The experiment, in YAML. Its baseModel may be the built-in all-minilm-l6-v2.")
    private Path file;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "fedlora-simulation",
            description = "Where metrics.json, timings.json and the adapter go (default: ./${DEFAULT-VALUE}).")
    private Path out = Path.of("fedlora-simulation");

    @Mixin
    private ComputeOptions compute;

    @Override
    protected Answer answer() throws IOException, InterruptedException {
        MatrixBackend backend = fromOptions(compute::backend);
        int threads = fromOptions(compute::threads);
        Experiment experiment = Experiment.read(file, OpenedBase.beside(file));
        SimulationMetrics metrics = new Simulation(backend, threads).run(experiment, out, new Lines(progress()));
        String json = new ObjectMapper().writeValueAsString(metrics);
        List<SimulationMetrics.Round> rounds = metrics.rounds();
        SimulationMetrics.Score last = rounds.isEmpty()
                ? metrics.start()
                : rounds.get(rounds.size() - 1).test();
        return new Answer(
                json,
                "%s: %s after %d rounds with %d clients; %s"
                        .formatted(
                                metrics.experiment(),
                                figure(last),
                                rounds.size(),
                                metrics.clients().size(),
                                out.resolve(Simulation.METRICS)));
    }

    private static String figure(SimulationMetrics.Score score) {
        return score instanceof SimulationMetrics.OfResponses responses
                ? "perplexity %.4f".formatted(responses.perplexity())
                : "accuracy %.4f".formatted(((SimulationMetrics.OfLabels) score).accuracy());
    }

    /** A line for each round. */
    private record Lines(PrintWriter out) implements SimulationProgress {
        @Override
        public void started(List<SimulationMetrics.Client> clients, SimulationMetrics.Score start) {
            print("%d clients; %s before training".formatted(clients.size(), figure(start)));
        }

        @Override
        public void roundFinished(SimulationMetrics.Round round, SimulationTimings.Round timing) {
            print("round %d: %d survivors, test loss %.4f, %s%s"
                    .formatted(
                            round.round(),
                            round.survivors().size(),
                            round.test().loss(),
                            figure(round.test()),
                            round.epsilon() == null ? "" : ", epsilon %.4f".formatted(round.epsilon())));
        }

        @Override
        public void roundAborted(long round, String reason) {
            print("round %d aborted: %s".formatted(round, reason));
        }

        private void print(String line) {
            out.println(line);
            out.flush();
        }
    }
}
