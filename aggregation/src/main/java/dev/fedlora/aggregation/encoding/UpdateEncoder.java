package dev.fedlora.aggregation.encoding;

import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.ProtocolException.Reason;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.privacy.mechanism.L2Clip;
import dev.fedlora.privacy.mechanism.NoWrapBound;
import dev.fedlora.privacy.mechanism.RoundedNorm;
import dev.fedlora.privacy.mechanism.StochasticRounding;
import dev.fedlora.privacy.sampler.SecureBits;

/**
 * A client's update as a ring vector, and the sum of ring vectors as floats.
 *
 * <pre>
 * v_i = round(s w clip(u, C)_i)  for the d - 1 parameters     stochastic rounding, squared norm held to its bound
 * v_d = round(w W),  W = floor(C s)                           the weight, as a coordinate like the others
 * </pre>
 *
 * <p>A sum of n such vectors cannot wrap around, so it is decoded exactly: to the sum of the integers over s or W.
 * Immutable, thread-safe.
 */
public final class UpdateEncoder {
    private final int parameters;
    private final int clients;
    private final double scale;
    private final L2Clip clip;
    private final StochasticRounding rounding;
    private final long weightUnits;

    private UpdateEncoder(RoundPlan plan) {
        new NoWrapBound(plan.clients(), plan.clippingBound(), 0).require(plan.scale());
        this.parameters = plan.dimension() - 1;
        this.clients = plan.clients();
        this.scale = plan.scale();
        this.clip = new L2Clip(plan.clippingBound());
        this.rounding = new StochasticRounding(RoundedNorm.of(plan.clippingBound(), scale, parameters));
        this.weightUnits = (long) Math.floor(plan.clippingBound() * scale);
        if (weightUnits < 1) {
            throw new IllegalArgumentException(
                    "clipping bound times scale must be at least 1, got " + plan.clippingBound() * scale);
        }
    }

    /**
     * Returns the encoder of a round.
     *
     * @throws IllegalArgumentException when bound and scale of the plan leave no room for an update or for the sum
     */
    public static UpdateEncoder of(RoundPlan plan) {
        return new UpdateEncoder(plan);
    }

    /**
     * Returns the largest power of two s with {@code clients} (C s + 1) &lt; 2^31: the sum cannot wrap around, and scaling
     * by s is exact.
     *
     * @throws IllegalArgumentException when {@code clients} is below 1 or the bound is not positive and finite
     */
    public static double largestScale(int clients, double clippingBound) {
        double room = new NoWrapBound(clients, clippingBound, 0).largestScale();
        double scale = Math.scalb(1.0, Math.getExponent(room));
        return clients * (clippingBound * scale + 1) < 0x1p31 ? scale : scale / 2;
    }

    /**
     * Clips {@code update} to the bound, weighs, scales and rounds it; the last coordinate carries the weight.
     *
     * @param update one value a parameter; not changed
     * @param weight in (0, 1]
     * @param bits for the rounding
     * @return {@link RoundPlan#dimension()} ring elements
     * @throws IllegalArgumentException when the length is wrong, a value not finite, or the weight out of its range
     */
    public int[] encode(float[] update, double weight, SecureBits bits) {
        if (update.length != parameters) {
            throw new IllegalArgumentException(
                    "update must have %d values, got %d".formatted(parameters, update.length));
        }
        if (!(weight > 0 && weight <= 1)) {
            throw new IllegalArgumentException("weight must be in (0, 1], got " + weight);
        }
        float[] weighted = clip.clip(update);
        for (int i = 0; i < weighted.length; i++) {
            weighted[i] = (float) (weighted[i] * weight); // at most as long as before: rounding is monotone
        }
        int[] rounded = rounding.round(weighted, bits);
        int[] vector = new int[parameters + 1];
        System.arraycopy(rounded, 0, vector, 0, parameters);
        vector[parameters] = (int) Math.max(1, Math.round(weight * weightUnits));
        return vector;
    }

    /**
     * Reads the sum of ring vectors.
     *
     * @param sum {@link RoundPlan#dimension()} ring elements
     * @param survivors how many vectors are in it, from 1 to the plan's clients
     * @throws IllegalArgumentException when the length or the number of survivors is out of its range
     * @throws ProtocolException {@link Reason#IMPLAUSIBLE_SUM} when no such number of honest clients can have made it: its
     *     norm, a coordinate or the weight is too large. One client alone can still spoil a sum within those bounds.
     */
    public WeightedSum decode(int[] sum, int survivors) {
        if (sum.length != parameters + 1) {
            throw new IllegalArgumentException(
                    "sum must have %d coordinates, got %d".formatted(parameters + 1, sum.length));
        }
        if (survivors < 1 || survivors > clients) {
            throw new IllegalArgumentException("survivors must be from 1 to %d, got %d".formatted(clients, survivors));
        }
        requirePlausible(sum, survivors);
        double[] values = new double[parameters];
        for (int i = 0; i < parameters; i++) {
            values[i] = sum[i] / scale;
        }
        return new WeightedSum(values, (double) sum[parameters] / weightUnits);
    }

    private void requirePlausible(int[] sum, int survivors) {
        long weight = sum[parameters];
        if (weight < survivors || weight > survivors * weightUnits) {
            throw new ProtocolException(
                    Reason.IMPLAUSIBLE_SUM,
                    "the weights of %d clients cannot add up to %d units; allowed from %d to %d"
                            .formatted(survivors, weight, survivors, survivors * weightUnits));
        }
        double squared = 0;
        for (int i = 0; i < parameters; i++) {
            squared += (double) sum[i] * sum[i];
        }
        double norm = Math.sqrt(squared);
        // the relative error of summing d squares in double is below d 2^-53
        double allowed = survivors * rounding.bound().l2() * (1 + (parameters + 8) * 0x1p-53);
        if (norm > allowed) {
            throw new ProtocolException(
                    Reason.IMPLAUSIBLE_SUM,
                    "the clipped updates of %d clients cannot have a sum of norm %s; allowed %s"
                            .formatted(survivors, norm / scale, allowed / scale));
        }
    }
}
