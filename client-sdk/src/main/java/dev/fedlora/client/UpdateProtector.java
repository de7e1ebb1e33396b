package dev.fedlora.client;

import dev.fedlora.aggregation.encoding.UpdateEncoder;
import dev.fedlora.aggregation.wire.AggregationSpec;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.Weighting;
import dev.fedlora.privacy.sampler.SecureBits;

/**
 * Turns what was trained into what may leave the client once it is masked: the difference to what was received, clipped,
 * weighted, scaled and rounded into ring elements. Knows no network and no key.
 *
 * <p>Immutable; as thread-safe as its bits.
 */
public final class UpdateProtector {
    private final AggregationSpec aggregation;
    private final UpdateEncoder encoder;
    private final SecureBits bits;

    /** Makes the protector of one round of a task with this aggregation. */
    public UpdateProtector(RoundPlan plan, AggregationSpec aggregation, SecureBits bits) {
        this.aggregation = aggregation;
        this.encoder = UpdateEncoder.of(plan);
        this.bits = bits;
    }

    /**
     * Returns the ring vector of one update; its last coordinate carries the weight.
     *
     * @param received parameters that the round started from
     * @param trained parameters after training, of the same length
     * @param examples passed over in training; not used where all updates weigh the same
     * @throws IllegalArgumentException when the lengths differ or are not the plan's, a value is not finite, or there was
     *     no example
     */
    public int[] protect(float[] received, float[] trained, long examples) {
        if (received.length != trained.length) {
            throw new IllegalArgumentException("training changed the number of parameters from %d to %d"
                    .formatted(received.length, trained.length));
        }
        float[] update = new float[trained.length];
        for (int i = 0; i < update.length; i++) {
            update[i] = trained[i] - received[i];
            if (!Float.isFinite(update[i])) {
                throw new IllegalArgumentException(
                        "parameter %d of %d is not finite after training: %s".formatted(i, update.length, trained[i]));
            }
        }
        return encoder.encode(update, weight(examples), bits);
    }

    private double weight(long examples) {
        if (aggregation.weighting() == Weighting.UNIFORM) {
            return 1;
        }
        if (examples < 1) {
            throw new IllegalArgumentException(
                    "training passed over %d examples, a weight needs at least 1".formatted(examples));
        }
        return Math.min(1, (double) examples / aggregation.weightCap());
    }
}
