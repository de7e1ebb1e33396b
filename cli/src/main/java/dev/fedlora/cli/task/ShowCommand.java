package dev.fedlora.cli.task;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.cli.remote.CoordinatorOptions;
import dev.fedlora.cli.remote.CoordinatorReader;
import dev.fedlora.client.http.HttpOptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code fedlora task show}: one task of a coordinator. */
@Command(name = "show", description = "Show the terms of a task and where it stands.")
final class ShowCommand extends AnsweringCommand {
    @Mixin
    private CoordinatorOptions coordinator = new CoordinatorOptions();

    @Parameters(paramLabel = "TASK", description = "Its name.")
    private String task = "";

    @Override
    protected Answer answer() throws IOException, InterruptedException {
        if (!task.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,99}")) {
            throw wrongUsage("a task's name has 1 to 100 letters, digits, '.', '_' or '-', got '" + task + "'");
        }
        HttpOptions http = fromOptions(coordinator::http);
        CoordinatorReader reader = new CoordinatorReader(http);
        ObjectNode json = Answer.object();
        json.set("terms", reader.get("/v1/tasks/" + task));
        JsonNode status = reader.get("/v1/tasks/" + task + "/status");
        json.set("status", status);
        return Answer.of(json, String.join(System.lineSeparator(), lines(status)));
    }

    private static List<String> lines(JsonNode status) {
        List<String> lines = new ArrayList<>();
        lines.add("%s: %s, %d of %d rounds%s"
                .formatted(
                        status.path("task").asText(),
                        status.path("state").asText(),
                        status.path("finishedRounds").asInt(),
                        status.path("rounds").asInt(),
                        status.has("detail") ? ": " + status.path("detail").asText() : ""));
        if (status.has("round")) {
            lines.add("round %d is open, phase %s"
                    .formatted(
                            status.path("round").asLong(), status.path("phase").asText()));
        }
        lines.add("adapter " + status.path("adapter").asText());
        if (status.has("epsilon")) {
            lines.add("epsilon %s spent at delta %s"
                    .formatted(
                            status.path("epsilon").asText(),
                            status.path("delta").asText()));
        }
        for (JsonNode round : status.path("history")) {
            lines.add("round %d: %s%s"
                    .formatted(
                            round.path("number").asLong(),
                            round.path("state").asText(),
                            round.has("survivors")
                                    ? ", " + round.path("survivors").asInt() + " survivors"
                                    : round.has("detail")
                                            ? ", " + round.path("detail").asText()
                                            : ""));
        }
        return lines;
    }
}
