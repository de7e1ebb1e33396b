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

/** {@code fedlora task list}: the tasks of a coordinator. */
@Command(name = "list", description = "List the tasks of a coordinator.")
final class ListCommand extends AnsweringCommand {
    @Mixin
    private CoordinatorOptions coordinator = new CoordinatorOptions();

    @Override
    protected Answer answer() throws IOException, InterruptedException {
        HttpOptions http = fromOptions(coordinator::http);
        JsonNode tasks = new CoordinatorReader(http).get("/v1/tasks");
        List<String> lines = new ArrayList<>();
        for (JsonNode task : tasks) {
            lines.add("%s: %s, %d of %d rounds, adapter %s"
                    .formatted(
                            task.path("task").asText(),
                            task.path("state").asText(),
                            task.path("finishedRounds").asInt(),
                            task.path("rounds").asInt(),
                            task.path("adapter").asText()));
        }
        ObjectNode json = Answer.object();
        json.set("tasks", tasks);
        return Answer.of(json, lines.isEmpty() ? "no tasks" : String.join(System.lineSeparator(), lines));
    }
}
