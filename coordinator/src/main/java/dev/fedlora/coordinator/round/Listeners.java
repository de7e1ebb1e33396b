package dev.fedlora.coordinator.round;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Everybody who wants to be told. Thread-safe. */
final class Listeners {
    private static final Logger LOG = LoggerFactory.getLogger(Listeners.class);

    private final List<RoundListener> listeners = new CopyOnWriteArrayList<>();

    void add(RoundListener listener) {
        listeners.add(listener);
    }

    /** Tells every listener; what one throws does not keep it from the others, nor the round from going on. */
    void tell(RoundEvent event) {
        LOG.debug("{}", event);
        for (RoundListener listener : listeners) {
            try {
                listener.on(event);
            } catch (RuntimeException e) {
                LOG.warn("a listener failed on {}", event, e);
            }
        }
    }
}
