package dev.fedlora.coordinator.http;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;

/**
 * Swallows what is left of a refused body before the answer is written: many clients read the answer only when they have
 * sent everything. A client that has too much left, or is silent, gets the answer at once and loses its connection.
 */
final class Drain {
    /** 16 MiB are a second on a slow line; past that it is cheaper to connect again. */
    private static final long MAX_BYTES = 16L << 20;

    private final Vertx vertx;
    private final HttpServerRequest request;
    private final Runnable answer;
    private long left = MAX_BYTES;
    private boolean isAnswered;

    private Drain(Vertx vertx, HttpServerRequest request, Runnable answer) {
        this.vertx = vertx;
        this.request = request;
        this.answer = answer;
    }

    /** Runs {@code answer} once, when the rest of the body is gone or given up; on the request's event loop. */
    static void thenAnswer(Vertx vertx, HttpServerRequest request, Duration patience, Runnable answer) {
        if (request.isEnded()) {
            answer.run();
            return;
        }
        new Drain(vertx, request, answer).start(patience);
    }

    private void start(Duration patience) {
        long timer = vertx.setTimer(patience.toMillis(), late -> answerAndClose());
        request.exceptionHandler(gone -> vertx.cancelTimer(timer));
        request.endHandler(end -> {
            vertx.cancelTimer(timer);
            answerOnce();
        });
        request.handler(this::swallow);
        request.resume();
    }

    private void swallow(Buffer chunk) {
        left -= chunk.length();
        if (left < 0) {
            answerAndClose();
        }
    }

    private void answerAndClose() {
        HttpServerResponse response = request.response();
        if (!isAnswered && !response.closed()) {
            response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
            response.endHandler(written -> request.connection().close());
            answerOnce();
        }
    }

    private void answerOnce() {
        if (!isAnswered) {
            isAnswered = true;
            answer.run();
        }
    }
}
