package dev.fedlora.coordinator.round;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;

/**
 * Those who wait for one thing. Whoever cancels is forgotten at once, so that a long poll costs memory for as long as it is
 * held and no longer. Thread-safe.
 *
 * @param <W> says who waits, or for what exactly
 * @param <T> what is waited for
 */
final class Waiters<W, T> {
    private final Map<CompletableFuture<T>, W> waiting = new ConcurrentHashMap<>();

    /** Returns what {@code who} waits on: to be completed by {@link #forEach}, or cancelled by the one who waits. */
    CompletableFuture<T> add(W who) {
        CompletableFuture<T> future = new CompletableFuture<>();
        waiting.put(future, who);
        future.whenComplete((value, failure) -> waiting.remove(future));
        return future;
    }

    /** Gives everybody who waits to {@code teller}, which may complete the future or leave it. */
    void forEach(BiConsumer<W, CompletableFuture<T>> teller) {
        waiting.forEach((future, who) -> teller.accept(who, future));
    }

    int count() {
        return waiting.size();
    }
}
