package dev.fedlora.cli.client;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.cli.command.CleanEnd;
import dev.fedlora.cli.command.ComputeOptions;
import dev.fedlora.client.ProgressListener;
import dev.fedlora.client.RoundReport;
import dev.fedlora.client.TaskReport;
import dev.fedlora.client.agent.AgentConfig;
import dev.fedlora.client.agent.ClientAgent;
import dev.fedlora.client.policy.RefusedException;
import dev.fedlora.lora.tensor.MatrixBackend;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fedlora client run}: takes part until the task is finished. */
@Command(
        name = "run",
        description =
                "Take part in the task that the client's folder names, until it is finished. A coordinator that is"
                        + " not there yet is waited for.")
final class RunCommand extends AnsweringCommand {
    @Option(
            names = "--dir",
            required = true,
            paramLabel = "DIR",
            description = "The client's folder; see 'fedlora client join'.")
    private Path directory = Path.of("");

    @Mixin
    private ComputeOptions compute = new ComputeOptions();

    @Override
    protected Answer answer() throws IOException, InterruptedException, RefusedException {
        MatrixBackend backend = fromOptions(compute::backend);
        int threads = fromOptions(compute::threads);
        AgentConfig config = new ClientFolder(directory).agent();
        CleanEnd end = new CleanEnd();
        try {
            ClientAgent agent = new ClientAgent(config, backend, threads, new Lines());
            return answer(agent.run(), agent.adapterFile());
        } finally {
            end.allClosed();
        }
    }

    private static Answer answer(TaskReport report, Path file) {
        ObjectNode json = Answer.object();
        json.put("task", report.task());
        json.put("adapter", report.adapterHash().hex());
        json.put("file", file.toString());
        ArrayNode rounds = json.putArray("rounds");
        for (RoundReport round : report.rounds()) {
            ObjectNode each = rounds.addObject();
            each.put("round", round.round());
            each.put("outcome", round.outcome().name().toLowerCase(Locale.ROOT));
            each.put("detail", round.detail());
            ArrayNode survivors = each.putArray("survivors");
            round.survivors().forEach(survivors::add);
            each.put("examples", round.examples());
            each.put("epsilon", round.epsilon());
        }
        return Answer.of(
                json, "task %s is finished: adapter %s, in %s".formatted(report.task(), report.adapterHash(), file));
    }

    /** A line for what happens. */
    private final class Lines implements ProgressListener {
        @Override
        public void taskJoined(TaskSpec task) {
            tell("%s: joined, %d rounds, task hash %s".formatted(task.task(), task.rounds(), task.hash()));
        }

        @Override
        public void roundJoined(RoundPlan plan) {
            tell("%s: round %d, training".formatted(plan.task(), plan.round()));
        }

        @Override
        public void trained(long round, long examples, double meanLoss) {
            String loss = Double.isNaN(meanLoss) ? "" : String.format(Locale.ROOT, ", loss %.4f", meanLoss);
            tell("round %d: trained on %d examples%s".formatted(round, examples, loss));
        }

        @Override
        public void sent(long round, Phase phase) {
            tell("round %d: %s sent".formatted(round, phase.path()));
        }

        @Override
        public void roundEnded(RoundReport report) {
            String outcome = report.outcome().name().toLowerCase(Locale.ROOT).replace('_', ' ');
            String more = report.outcome() == RoundReport.Outcome.FINISHED
                    ? " with survivors " + report.survivors()
                    : ": " + report.detail();
            tell("round %d: %s%s".formatted(report.round(), outcome, more));
        }
    }
}
