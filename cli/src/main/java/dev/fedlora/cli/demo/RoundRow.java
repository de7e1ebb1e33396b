package dev.fedlora.cli.demo;

import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.coordinator.round.RoundEvent;
import dev.fedlora.coordinator.store.Traffic;
import dev.fedlora.lora.train.Evaluation;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one round came to.
 *
 * @param round number
 * @param survivors clients in the sum
 * @param loss mean cross entropy on the test set afterwards
 * @param figure on the test set afterwards
 * @param bytesUp mean over the survivors
 * @param bytesDown mean over the survivors
 * @param epsilon spent so far, or null without a guarantee
 * @param phases how long each phase was open; the first has the training in it
 * @param sum time to unmask, apply and store
 * @param seconds of the whole round
 */
record RoundRow(
        long round,
        int survivors,
        double loss,
        double figure,
        long bytesUp,
        long bytesDown,
        @Nullable Double epsilon,
        Map<Phase, Duration> phases,
        Duration sum,
        double seconds) {
    static RoundRow of(RoundEvent.Finished finished, Evaluation evaluation, double seconds) {
        List<Traffic> traffic = finished.survivors().stream()
                .map(id -> finished.traffic().getOrDefault(id, Traffic.NONE))
                .toList();
        return new RoundRow(
                finished.round(),
                finished.survivors().size(),
                evaluation.meanLoss(),
                Measure.of(evaluation),
                Math.round(traffic.stream().mapToLong(Traffic::up).average().orElse(0)),
                Math.round(traffic.stream().mapToLong(Traffic::down).average().orElse(0)),
                finished.epsilon(),
                finished.phases(),
                finished.aggregation(),
                seconds);
    }
}
