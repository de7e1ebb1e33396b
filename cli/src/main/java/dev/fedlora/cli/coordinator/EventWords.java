package dev.fedlora.cli.coordinator;

import dev.fedlora.coordinator.round.RoundEvent;
import dev.fedlora.coordinator.store.Traffic;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Puts what happens in rounds into lines. Stateless. */
final class EventWords {
    private EventWords() {}

    static String of(RoundEvent event) {
        if (event instanceof RoundEvent.Opened opened) {
            return "%s: round %d opened for %d clients%s"
                    .formatted(opened.task(), opened.round(), opened.cohort(), epsilon(opened.epsilon()));
        }
        if (event instanceof RoundEvent.PhaseClosed closed) {
            return "%s: round %d, phase %s closed after %s"
                    .formatted(closed.task(), closed.round(), closed.phase().path(), seconds(closed.open()));
        }
        if (event instanceof RoundEvent.Finished finished) {
            return finished(finished);
        }
        if (event instanceof RoundEvent.Aborted aborted) {
            return "%s: round %d aborted: %s".formatted(aborted.task(), aborted.round(), aborted.detail());
        }
        if (event instanceof RoundEvent.Ended ended) {
            return "%s: %s, adapter %s%s"
                    .formatted(
                            ended.task(),
                            ended.state().label(),
                            ended.adapter(),
                            ended.detail() == null ? "" : ": " + ended.detail());
        }
        throw new IllegalStateException("an event without words: " + event);
    }

    private static String finished(RoundEvent.Finished finished) {
        long up = 0;
        long down = 0;
        for (Traffic each : finished.traffic().values()) {
            up += each.up();
            down += each.down();
        }
        return "%s: round %d finished, survivors %s, %,d bytes up, %,d down, aggregated in %s, adapter %s%s"
                .formatted(
                        finished.task(),
                        finished.round(),
                        finished.survivors(),
                        up,
                        down,
                        seconds(finished.aggregation()),
                        finished.adapter(),
                        epsilon(finished.epsilon()));
    }

    private static String epsilon(@Nullable Double spent) {
        return spent == null ? "" : String.format(Locale.ROOT, ", epsilon %.4f", spent);
    }

    private static String seconds(Duration length) {
        return String.format(Locale.ROOT, "%.2f s", length.toMillis() / 1e3);
    }
}
