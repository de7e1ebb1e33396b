package dev.fedlora.coordinator.round;

import dev.fedlora.coordinator.registry.Federation;
import dev.fedlora.coordinator.store.Store;
import java.security.SecureRandom;
import java.time.Instant;

/** What all tasks of a coordinator share. */
record TaskParts(Federation federation, Store store, Scheduler scheduler, SecureRandom random, Listeners listeners) {
    Instant now() {
        return scheduler.now();
    }
}
