package dev.fedlora.privacy.ledger;

import dev.fedlora.privacy.accounting.SampledGaussian;
import java.time.Instant;

/**
 * The cost of one release.
 *
 * @param release what it pays for
 * @param event one step of the mechanism
 * @param steps how many such steps the release is made of, positive
 * @param amplification why the event's sampling rate may be below 1
 * @param at when, by the caller's clock; nothing is decided by it
 */
public record Charge(ReleaseId release, SampledGaussian event, long steps, Amplification amplification, Instant at) {
    /** @throws IllegalArgumentException when steps are not positive, or a sampling rate below 1 has no reason */
    public Charge {
        if (steps < 1) {
            throw new IllegalArgumentException("steps are " + steps + ", must be positive");
        }
        if (amplification == Amplification.NONE && event.samplingRate() < 1) {
            throw new IllegalArgumentException("sampling rate is " + event.samplingRate()
                    + ", must be 1 when no amplification by sampling is claimed");
        }
    }

    /** True when both pay the same for the same release; the time does not count. */
    boolean isSameAs(Charge other) {
        return release.equals(other.release)
                && event.equals(other.event)
                && steps == other.steps
                && amplification == other.amplification;
    }
}
