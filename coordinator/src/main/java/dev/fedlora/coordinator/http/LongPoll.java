package dev.fedlora.coordinator.http;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** Holds a request until its answer is there, its time is over (204) or its client is gone. */
final class LongPoll {
    private LongPoll() {}

    /**
     * {@code answer} and {@code failed} run on the request's event loop, one of them, at most once. A stage that is waited
     * for no longer is cancelled: otherwise requests would pile up until a phase or a task ends.
     */
    static <T> void hold(
            RoutingContext context,
            CompletionStage<T> stage,
            Duration wait,
            Consumer<T> answer,
            Consumer<Throwable> failed) {
        Vertx vertx = context.vertx();
        Context loop = vertx.getOrCreateContext();
        AtomicBoolean isOver = new AtomicBoolean();
        Runnable empty = () -> {
            if (isOver.compareAndSet(false, true)) {
                stage.toCompletableFuture().cancel(false);
                Answers.empty(context, 204);
            }
        };
        long timer = wait.isZero() ? -1 : vertx.setTimer(wait.toMillis(), late -> empty.run());
        context.response().closeHandler(gone -> {
            isOver.set(true);
            stage.toCompletableFuture().cancel(false);
            vertx.cancelTimer(timer);
        });
        stage.whenComplete((value, failure) -> loop.runOnContext(x -> {
            if (isOver.compareAndSet(false, true)) {
                vertx.cancelTimer(timer);
                if (failure != null) {
                    failed.accept(failure);
                } else {
                    answer.accept(value);
                }
            }
        }));
        if (wait.isZero()) {
            loop.runOnContext(now -> empty.run()); // queued after an answer that was there already
        }
    }
}
