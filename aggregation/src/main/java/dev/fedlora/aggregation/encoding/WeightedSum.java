package dev.fedlora.aggregation.encoding;

/**
 * The sum of weighted updates, and the sum of their weights. Shares its array with its maker.
 *
 * @param sum of w times the clipped update, in canonical parameter order
 * @param weight sum of the weights, positive
 */
@SuppressWarnings("ArrayRecordComponent") // as long as the model: handed on, never compared
public record WeightedSum(double[] sum, double weight) {
    /** @throws IllegalArgumentException when the weight is not positive and finite */
    public WeightedSum {
        if (!(weight > 0) || Double.isInfinite(weight)) {
            throw new IllegalArgumentException("the sum of weights must be positive and finite, got " + weight);
        }
    }

    /** Names the sizes only. */
    @Override
    public String toString() {
        return "WeightedSum[" + sum.length + " values, weight " + weight + "]";
    }
}
