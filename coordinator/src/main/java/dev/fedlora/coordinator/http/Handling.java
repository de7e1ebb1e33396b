package dev.fedlora.coordinator.http;

import dev.fedlora.aggregation.wire.RequestSignature;
import dev.fedlora.coordinator.config.Limits;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Consumer;

/** What all routes need: work off the event loop, checked senders, waiting, and problems as answers. */
final class Handling {
    private static final String EXPECT_CONTINUE = "100-continue";

    private final Vertx vertx;
    private final Limits limits;
    private final SignedRequests signatures;

    Handling(Vertx vertx, Limits limits, SignedRequests signatures) {
        this.vertx = vertx;
        this.limits = limits;
        this.signatures = signatures;
    }

    Vertx vertx() {
        return vertx;
    }

    Limits limits() {
        return limits;
    }

    /** A request whose sender is known. */
    record Sender(SignedRequests.Claim claim, long client) {}

    /** Runs work that may block on a worker and gives what it returns to {@code then}; what either throws is answered. */
    <T> void onWorker(RoutingContext context, Callable<T> work, Consumer<T> then) {
        context.request().pause();
        answerFailure(context, vertx.executeBlocking(work, false).map(result -> {
            if (context.request().method() == HttpMethod.GET) {
                context.request().resume(); // no body is read: the connection goes on to the next request
            }
            then.accept(result);
            return null;
        }));
    }

    /** As {@link #signed}, for requests without a body. */
    <T> void signedGet(RoutingContext context, SenderWork<T> work, Consumer<T> then) {
        signed(
                context,
                sender -> {
                    SignedRequests.requireBody(sender.claim(), RequestSignature.NO_BODY);
                    return work.run(sender);
                },
                then);
    }

    /** As {@link #onWorker}, for senders whose signature verifies. */
    <T> void signed(RoutingContext context, SenderWork<T> work, Consumer<T> then) {
        SignedRequests.Claim claim = SignedRequests.claim(context.request());
        onWorker(context, () -> work.run(new Sender(claim, signatures.verify(claim))), then);
    }

    /** Work for one sender. */
    interface SenderWork<T> {
        T run(Sender sender) throws Exception;
    }

    void answerFailure(RoutingContext context, Future<?> future) {
        future.onFailure(failure -> problem(context, ProblemTable.of(failure)));
    }

    /** Answers with a problem, after what is left of the body is gone. */
    void problem(RoutingContext context, Problem problem) {
        Drain.thenAnswer(vertx, context.request(), limits.bodyIdle(), () -> Answers.problem(context, problem));
    }

    /** Tells a client that waits for it that its body is wanted. */
    static void welcomeBody(HttpServerRequest request) {
        String expect = request.getHeader(HttpHeaders.EXPECT);
        if (expect != null && expect.toLowerCase(Locale.ROOT).equals(EXPECT_CONTINUE)) {
            request.response().writeContinue();
        }
    }

    static void requireBinary(HttpServerRequest request) {
        String type = request.getHeader(HttpHeaders.CONTENT_TYPE);
        if (type == null || !type.split(";", 2)[0].strip().equalsIgnoreCase(Answers.BINARY)) {
            throw new ProblemException(
                    ProblemType.UNSUPPORTED_MEDIA_TYPE,
                    "Content-Type must be %s, got %s".formatted(Answers.BINARY, type));
        }
    }

    /** Returns the announced length of the body, -1 when none is announced. */
    static long contentLength(HttpServerRequest request) {
        String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        return length == null ? -1 : Long.parseLong(length); // the decoder has refused anything but digits
    }

    /** Returns the query parameter {@code wait}: whole seconds from 0 to the allowed wait. */
    Duration wait(RoutingContext context) {
        long seconds = number(context, "wait", 0);
        long most = limits.maxWait().toSeconds();
        if (seconds > most) {
            throw invalid("wait", "0 to %d seconds".formatted(most), Long.toString(seconds));
        }
        return Duration.ofSeconds(seconds);
    }

    /** Returns a query parameter that is a number of at least 0. */
    static long number(RoutingContext context, String name, long otherwise) {
        String text = context.request().getParam(name);
        if (text == null) {
            return otherwise;
        }
        try {
            long value = Long.parseLong(text);
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            // told below
        }
        throw invalid(name, "a whole number of at least 0", text);
    }

    static ProblemException invalid(String name, String allowed, String got) {
        String shown = got.length() <= 80 ? got : got.substring(0, 80) + "...";
        return new ProblemException(
                ProblemType.INVALID_PARAMETER, "%s must be %s, got %s".formatted(name, allowed, shown));
    }
}
