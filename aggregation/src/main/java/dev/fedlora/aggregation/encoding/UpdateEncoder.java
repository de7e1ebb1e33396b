package dev.fedlora.aggregation.encoding;

import dev.fedlora.aggregation.wire.RoundPlan;
import java.security.SecureRandom;

/** A client's update as a ring vector, and the sum of ring vectors as floats. Immutable, thread-safe. */
public final class UpdateEncoder {
    private final RoundPlan plan;

    private UpdateEncoder(RoundPlan plan) {
        this.plan = plan;
    }

    /** Returns the encoder of a round. */
    public static UpdateEncoder of(RoundPlan plan) {
        return new UpdateEncoder(plan);
    }

    /** Returns the largest power of two s with {@code clients} (C s + 1) &lt; 2^31: the sum cannot wrap around. */
    public static double largestScale(int clients, double clippingBound) {
        double room = (0x1p31 / clients - 1) / clippingBound;
        double scale = Math.scalb(1.0, Math.getExponent(room));
        return clients * (clippingBound * scale + 1) < 0x1p31 ? scale : scale / 2;
    }

    /**
     * Clips {@code update} to the bound, weighs, scales and rounds it; the last coordinate carries the weight.
     *
     * @param update one value a parameter; not changed
     * @param weight in (0, 1]
     * @param random for the rounding
     * @return {@link RoundPlan#dimension()} ring elements
     * @throws IllegalArgumentException when the length is wrong, a value not finite, or the weight out of its range
     */
    public int[] encode(float[] update, double weight, SecureRandom random) {
        throw new UnsupportedOperationException(plan.task());
    }

    /**
     * Reads the sum of {@code survivors} ring vectors.
     *
     * @throws dev.fedlora.aggregation.wire.ProtocolException when no honest clients can have produced it
     */
    public WeightedSum decode(int[] sum, int survivors) {
        throw new UnsupportedOperationException(plan.task());
    }
}
