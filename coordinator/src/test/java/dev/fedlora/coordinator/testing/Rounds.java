package dev.fedlora.coordinator.testing;

import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.coordinator.round.RefusedException;
import dev.fedlora.coordinator.round.TaskStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** Takes clients through rounds. */
public final class Rounds {
    private Rounds() {}

    /** Every client gets the next plan. */
    public static void join(List<TestClient> clients) {
        clients.forEach(TestClient::join);
    }

    /** All five phases, nobody is lost. */
    public static void run(List<TestClient> clients) {
        for (Phase phase : Phase.values()) {
            clients.forEach(step(phase));
        }
    }

    /** All five phases; {@code gone} sends nothing in {@code lost} and after it. */
    public static void runWithLoss(TestCoordinator coordinator, List<TestClient> clients, TestClient gone, Phase lost) {
        List<TestClient> alive = new ArrayList<>(clients);
        for (Phase phase : Phase.values()) {
            if (phase == lost) {
                alive.remove(gone);
            }
            alive.forEach(step(phase));
            if (phase == lost) {
                coordinator.passDeadline();
            }
        }
    }

    private static Consumer<TestClient> step(Phase phase) {
        return switch (phase) {
            case KEYS -> TestClient::sendKeys;
            case SHARES -> TestClient::sendShares;
            case MASKED -> TestClient::sendMasked;
            case SURVIVORS -> TestClient::sendSurvivors;
            case UNMASK -> TestClient::sendUnmask;
        };
    }

    /** Waits until a task has ended. */
    public static TaskStatus awaitEnd(TestCoordinator coordinator, String task) {
        try {
            coordinator
                    .service()
                    .awaitPlan(task, Long.MAX_VALUE)
                    .toCompletableFuture()
                    .get(30, TimeUnit.SECONDS);
            throw new AssertionError("task " + task + " goes on");
        } catch (ExecutionException | CompletionException e) {
            if (e.getCause() instanceof RefusedException refused
                    && refused.reason() == RefusedException.Reason.TASK_ENDED) {
                return coordinator.service().status(task);
            }
            throw new AssertionError(e);
        } catch (TimeoutException | InterruptedException e) {
            throw new AssertionError("task " + task + " has not ended", e);
        }
    }
}
