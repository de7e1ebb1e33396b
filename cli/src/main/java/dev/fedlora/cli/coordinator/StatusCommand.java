package dev.fedlora.cli.coordinator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.cli.remote.CoordinatorOptions;
import dev.fedlora.cli.remote.CoordinatorReader;
import dev.fedlora.client.http.HttpOptions;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code fedlora coordinator status}: whether it works. */
@Command(name = "status", description = "Ask a coordinator whether it works, and where its tasks stand.")
final class StatusCommand extends AnsweringCommand {
    @Mixin
    private CoordinatorOptions coordinator = new CoordinatorOptions();

    @Override
    protected Answer answer() throws IOException, InterruptedException {
        HttpOptions http = fromOptions(coordinator::http);
        CoordinatorReader reader = new CoordinatorReader(http);
        JsonNode alive = reader.get("/healthz");
        CoordinatorReader.Reply ready = reader.reply("/readyz");
        boolean isReady = ready.status() == 200;
        JsonNode tasks = reader.get("/v1/tasks");
        ObjectNode json = Answer.object();
        json.put("name", alive.path("name").asText());
        json.put("ready", isReady);
        json.set("tasks", tasks);
        String state =
                isReady ? "ready" : "not ready: " + ready.body().path("detail").asText();
        return Answer.of(
                json,
                "%s at %s: %s, %d tasks"
                        .formatted(alive.path("name").asText(), http.coordinator(), state, tasks.size()));
    }
}
