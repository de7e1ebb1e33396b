package dev.fedlora.coordinator.http;

import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.SignedPlan;
import dev.fedlora.aggregation.wire.WireFormat;
import dev.fedlora.coordinator.round.RoundService;
import dev.fedlora.coordinator.round.TaskStatus;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/** Tasks, plans and adapters: what a client reads before and after a round. Tasks and plans are no secrets. */
final class TaskRoutes {
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

    private final RoundService service;
    private final Handling handling;

    TaskRoutes(RoundService service, Handling handling) {
        this.service = service;
        this.handling = handling;
    }

    void addTo(Router router) {
        router.get("/v1/tasks").handler(this::list);
        router.get("/v1/tasks/:task").handler(this::task);
        router.get("/v1/tasks/:task/status").handler(this::status);
        router.get("/v1/tasks/:task/lineage").handler(this::lineage);
        router.get("/v1/tasks/:task/plan").handler(this::plan);
        router.get("/v1/adapters/:hash").handler(this::adapter);
    }

    private void list(RoutingContext context) {
        handling.onWorker(
                context,
                () -> service.tasks().stream()
                        .map(spec -> service.status(spec.task()))
                        .map(TaskRoutes::summary)
                        .toList(),
                tasks -> Answers.json(context, 200, tasks));
    }

    private static Map<String, Object> summary(TaskStatus status) {
        return Map.of(
                "task", status.task(),
                "state", status.state(),
                "adapter", status.adapter(),
                "finishedRounds", status.finishedRounds(),
                "rounds", status.rounds());
    }

    private void task(RoutingContext context) {
        Answers.jsonText(context, service.task(context.pathParam("task")).toJson());
    }

    private void status(RoutingContext context) {
        String task = context.pathParam("task");
        handling.onWorker(context, () -> service.status(task), status -> Answers.json(context, 200, status));
    }

    private void lineage(RoutingContext context) {
        String task = context.pathParam("task");
        handling.onWorker(context, () -> service.lineage(task), versions -> Answers.json(context, 200, versions));
    }

    private void plan(RoutingContext context) {
        long after = Handling.number(context, "after", 0);
        Duration wait = handling.wait(context);
        String task = context.pathParam("task");
        handling.onWorker(
                context,
                () -> service.awaitPlan(task, after),
                stage -> LongPoll.hold(
                        context,
                        stage,
                        wait,
                        (SignedPlan plan) -> Answers.binary(context, WireFormat.encode(plan)),
                        failure -> handling.problem(context, ProblemTable.of(failure))));
    }

    private void adapter(RoutingContext context) {
        String hash = context.pathParam("hash").toLowerCase(Locale.ROOT);
        if (!HASH.matcher(hash).matches()) {
            throw Handling.invalid("the adapter's hash", "64 hex digits", hash);
        }
        handling.signedGet(context, sender -> service.adapter(Bytes.ofHex(hash), sender.client()), bytes -> {
            context.response().putHeader(HttpHeaders.ETAG, "\"" + hash + "\"");
            Answers.binary(context, bytes);
        });
    }
}
