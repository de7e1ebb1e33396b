package dev.fedlora.coordinator.http;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.function.Function;

/**
 * Reads one request body, a chunk at a time: bounded in bytes, in silence and in time, and never faster than its sink.
 *
 * <p>Used on the request's event loop only.
 */
final class RequestBody {
    /**
     * What a body may cost.
     *
     * @param maxBytes most bytes
     * @param idle longest silence of the client
     * @param total longest time for the whole body
     */
    record Bounds(long maxBytes, Duration idle, Duration total) {}

    private final Vertx vertx;
    private final HttpServerRequest request;
    private final Bounds bounds;
    private final Function<Buffer, Future<Void>> sink;
    private final Promise<Void> done = Promise.promise();
    private Future<Void> inHand = Future.succeededFuture();
    private long received;
    private long idleTimer = -1;
    private long totalTimer = -1;

    private RequestBody(Vertx vertx, HttpServerRequest request, Bounds bounds, Function<Buffer, Future<Void>> sink) {
        this.vertx = vertx;
        this.request = request;
        this.bounds = bounds;
        this.sink = sink;
    }

    /**
     * Gives every chunk to {@code sink}, the next when the one before is done.
     *
     * @return completes when the sink has all; fails with a {@link ProblemException}, or with what the sink failed with
     */
    static Future<Void> pump(
            Vertx vertx, HttpServerRequest request, Bounds bounds, Function<Buffer, Future<Void>> sink) {
        RequestBody body = new RequestBody(vertx, request, bounds, sink);
        body.start();
        return body.done.future().onComplete(end -> body.cancelTimers());
    }

    private void start() {
        totalTimer = vertx.setTimer(bounds.total().toMillis(), timer -> timeOut("took longer than", bounds.total()));
        restartIdleTimer();
        request.exceptionHandler(gone -> fail(new ProblemException(
                ProblemType.BODY_INCOMPLETE, "the connection ended after " + received + " bytes of the body")));
        request.handler(this::take);
        request.endHandler(end -> inHand.onSuccess(all -> done.tryComplete()));
        request.resume();
    }

    private void take(Buffer chunk) {
        received += chunk.length();
        if (done.future().isComplete()) {
            return; // refused before: what still comes is dropped
        }
        if (received > bounds.maxBytes()) {
            fail(tooLarge(bounds.maxBytes(), received));
            return;
        }
        request.pause();
        cancelIdleTimer(); // our own time is not the client's silence
        inHand = sink.apply(chunk).onFailure(this::fail).onSuccess(taken -> {
            restartIdleTimer();
            request.resume();
        });
    }

    static ProblemException tooLarge(long allowed, long got) {
        return new ProblemException(
                ProblemType.BODY_TOO_LARGE,
                "the body may have at most %d bytes, got %d or more".formatted(allowed, got));
    }

    private void fail(Throwable failure) {
        if (done.tryFail(failure)) {
            request.resume();
        }
    }

    private void timeOut(String how, Duration allowed) {
        fail(new ProblemException(
                ProblemType.BODY_TIMEOUT,
                "the body %s %d ms, %d bytes had come".formatted(how, allowed.toMillis(), received)));
    }

    private void restartIdleTimer() {
        cancelIdleTimer();
        if (!done.future().isComplete()) {
            idleTimer = vertx.setTimer(
                    bounds.idle().toMillis(), timer -> timeOut("was silent for more than", bounds.idle()));
        }
    }

    private void cancelIdleTimer() {
        vertx.cancelTimer(idleTimer);
    }

    private void cancelTimers() {
        cancelIdleTimer();
        vertx.cancelTimer(totalTimer);
    }
}
