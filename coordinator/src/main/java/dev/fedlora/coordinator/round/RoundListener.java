package dev.fedlora.coordinator.round;

/** Is told what happens in rounds, on the thread that made it happen. What it throws is logged and changes nothing. */
@FunctionalInterface
public interface RoundListener {
    /** Called after {@code event} happened and is stored; must return soon. */
    void on(RoundEvent event);
}
