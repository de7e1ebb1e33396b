package dev.fedlora.client.http;

import java.io.IOException;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;
import org.jspecify.annotations.Nullable;

/** Collects an answer's body up to a number of bytes and cuts it off beyond. One for each answer. */
final class LimitedBody implements BodySubscriber<byte[]> {
    private final long limit;
    private final CompletableFuture<byte[]> body = new CompletableFuture<>();
    private final List<ByteBuffer> parts = new ArrayList<>();
    private @Nullable Subscription subscription;
    private long size;

    private LimitedBody(long limit) {
        this.limit = limit;
    }

    static BodyHandler<byte[]> ofAtMost(long bytes) {
        return answer -> new LimitedBody(bytes);
    }

    @Override
    public CompletionStage<byte[]> getBody() {
        return body;
    }

    @Override
    public void onSubscribe(Subscription started) {
        subscription = started;
        started.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        for (ByteBuffer buffer : buffers) {
            size += buffer.remaining();
        }
        if (size <= limit) {
            parts.addAll(buffers);
            return;
        }
        parts.clear();
        if (subscription != null) {
            subscription.cancel();
        }
        body.completeExceptionally(new OversizedAnswerException(
                "the coordinator's answer is larger than the " + limit + " bytes allowed"));
    }

    @Override
    public void onError(Throwable failure) {
        body.completeExceptionally(failure);
    }

    @Override
    public void onComplete() {
        byte[] whole = new byte[(int) size]; // limits are below 2 GiB
        int at = 0;
        for (ByteBuffer part : parts) {
            int length = part.remaining();
            part.get(whole, at, length);
            at += length;
        }
        body.complete(whole);
    }

    /** Not worth another attempt. */
    static final class OversizedAnswerException extends IOException {
        OversizedAnswerException(String message) {
            super(message);
        }
    }
}
