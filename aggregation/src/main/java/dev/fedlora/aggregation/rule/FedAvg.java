package dev.fedlora.aggregation.rule;

import dev.fedlora.aggregation.encoding.WeightedSum;

/**
 * Federated averaging: the parameters plus the weighted mean of the updates.
 *
 * <pre>
 * next = current + sum_k w_k update_k / sum_k w_k
 * </pre>
 *
 * <p>McMahan et al., Communication-Efficient Learning of Deep Networks from Decentralized Data, AISTATS 2017 (arXiv
 * 1602.05629). Over LoRA factors it averages A and B separately, which is not the average of their products. Stateless,
 * thread-safe; adds in double.
 */
public final class FedAvg implements OverSums {
    @Override
    public String name() {
        return "fedavg";
    }

    @Override
    public float[] apply(float[] current, WeightedSum sum) {
        if (current.length != sum.sum().length) {
            throw new IllegalArgumentException(
                    "the sum must have the adapter's %d values, got %d".formatted(current.length, sum.sum().length));
        }
        float[] next = new float[current.length];
        for (int i = 0; i < next.length; i++) {
            next[i] = (float) (current[i] + sum.sum()[i] / sum.weight());
            if (!Float.isFinite(next[i])) {
                throw new IllegalArgumentException("parameter " + i + " would become " + next[i]);
            }
        }
        return next;
    }
}
