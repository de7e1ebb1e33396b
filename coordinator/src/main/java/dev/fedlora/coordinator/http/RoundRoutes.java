package dev.fedlora.coordinator.http;

import dev.fedlora.aggregation.secagg.MaskedIntake;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.MaskedVector;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.RoundAborted;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.ServerMessage;
import dev.fedlora.aggregation.wire.SessionId;
import dev.fedlora.aggregation.wire.WireFormat;
import dev.fedlora.coordinator.round.RoundService;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.regex.Pattern;

/** The messages of a round, in both directions. Every request is signed. */
final class RoundRoutes {
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
    /** A body that is never silent for long, yet takes six times the allowed silence, is a trickle. */
    private static final int TOTAL_PER_IDLE = 6;

    private final RoundService service;
    private final Handling handling;

    RoundRoutes(RoundService service, Handling handling) {
        this.service = service;
        this.handling = handling;
    }

    void addTo(Router router) {
        router.post("/v1/rounds/:sid/:phase").handler(this::post);
        router.get("/v1/rounds/:sid/:phase").handler(this::answer);
    }

    private void post(RoutingContext context) {
        SessionId sid = sid(context);
        Phase phase = phase(context);
        HttpServerRequest request = context.request();
        Handling.requireBinary(request);
        long length = Handling.contentLength(request);
        if (phase == Phase.MASKED) {
            handling.signed(context, sender -> open(sid, sender, length), upload -> receive(context, upload));
            return;
        }
        int most = handling.limits().maxBodyBytes();
        if (length > most) {
            throw RequestBody.tooLarge(most, length);
        }
        handling.signed(context, sender -> sender, sender -> receive(context, sid, phase, sender));
    }

    private void receive(RoutingContext context, SessionId sid, Phase phase, Handling.Sender sender) {
        Buffer body = Buffer.buffer();
        Duration idle = handling.limits().bodyIdle();
        RequestBody.Bounds bounds =
                new RequestBody.Bounds(handling.limits().maxBodyBytes(), idle, idle.multipliedBy(TOTAL_PER_IDLE));
        Handling.welcomeBody(context.request());
        Future<Void> done = RequestBody.pump(handling.vertx(), context.request(), bounds, chunk -> {
                    body.appendBuffer(chunk);
                    return Future.succeededFuture();
                })
                .compose(all -> handling.vertx()
                        .executeBlocking(
                                () -> {
                                    byte[] bytes = body.getBytes();
                                    SignedRequests.requireBody(sender.claim(), Bytes.sha256(bytes));
                                    service.post(sid, phase, sender.client(), bytes);
                                    return null;
                                },
                                false));
        done.onSuccess(accepted -> Answers.empty(context, 202));
        handling.answerFailure(context, done);
    }

    /** A masked vector that is about to come. */
    private record Upload(Handling.Sender sender, MaskedIntake intake, RequestBody.Bounds bounds) {}

    private Upload open(SessionId sid, Handling.Sender sender, long announced) {
        RoundPlan plan = service.plan(sid, sender.client());
        long expected = MaskedVector.HEADER_BYTES + 4L * plan.dimension();
        if (announced >= 0 && announced != expected) {
            throw new ProblemException(
                    ProblemType.WRONG_LENGTH,
                    "the masked vector of client %d for round %d of task %s has %d coordinates in %d bytes, got %d bytes"
                            .formatted(
                                    sender.client(), plan.round(), plan.task(), plan.dimension(), expected, announced));
        }
        Duration idle = handling.limits().bodyIdle();
        // past the phase's deadline nothing is taken any more; the idle time on top lets the refusal be sent
        Duration total = plan.deadlines().masked().plus(idle);
        return new Upload(
                sender,
                service.openMasked(sid, sender.client()),
                new RequestBody.Bounds(Math.max(expected, announced), idle, total));
    }

    private void receive(RoutingContext context, Upload upload) {
        Handling.welcomeBody(context.request());
        Future<Void> done = RequestBody.pump(
                        handling.vertx(), context.request(), upload.bounds(), chunk -> add(upload, chunk))
                .compose(all -> handling.vertx()
                        .executeBlocking(
                                () -> {
                                    SignedRequests.requireBody(
                                            upload.sender().claim(),
                                            upload.intake().sha256());
                                    upload.intake().commit();
                                    return null;
                                },
                                false));
        done.onSuccess(accepted -> Answers.empty(context, 202));
        done.onFailure(refused -> {
            handling.vertx().executeBlocking(() -> {
                upload.intake().rollback();
                return null;
            });
        });
        handling.answerFailure(context, done);
    }

    private Future<Void> add(Upload upload, Buffer chunk) {
        ByteBuffer bytes = ByteBuffer.wrap(chunk.getBytes());
        return handling.vertx()
                .executeBlocking(
                        () -> {
                            upload.intake().add(bytes);
                            return null;
                        },
                        false);
    }

    private void answer(RoutingContext context) {
        SessionId sid = sid(context);
        Phase phase = phase(context);
        Duration wait = handling.wait(context);
        handling.signedGet(
                context,
                sender -> service.answer(sid, phase, sender.client()),
                stage -> LongPoll.hold(
                        context,
                        stage,
                        wait,
                        message -> send(context, message),
                        failure -> handling.problem(context, ProblemTable.of(failure))));
    }

    private void send(RoutingContext context, ServerMessage message) {
        if (message instanceof RoundAborted abortion) {
            handling.problem(context, ProblemTable.of(abortion));
        } else {
            Answers.binary(context, WireFormat.encode(message));
        }
    }

    private static SessionId sid(RoutingContext context) {
        String hex = context.pathParam("sid");
        if (!HASH.matcher(hex).matches()) {
            throw Handling.invalid("the session id", "64 lower-case hex digits", hex);
        }
        return SessionId.ofHex(hex);
    }

    private static Phase phase(RoutingContext context) {
        String path = context.pathParam("phase");
        return Phase.ofPath(path)
                .orElseThrow(() -> new ProblemException(
                        ProblemType.UNKNOWN_PATH,
                        "a round has the phases keys, shares, masked, survivors and unmask, got "
                                + path.substring(0, Math.min(path.length(), 40))));
    }
}
