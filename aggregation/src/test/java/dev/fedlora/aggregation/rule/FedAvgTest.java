package dev.fedlora.aggregation.rule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.fedlora.aggregation.encoding.WeightedSum;
import dev.fedlora.testkit.Property;
import org.junit.jupiter.api.Test;

class FedAvgTest {
    @Test
    void apply_weightedUpdates_equalsWeightedMeanOfClientModels() {
        Property.forAll(200, random -> {
            int parameters = random.nextInt(1, 50);
            int clients = random.nextInt(1, 10);
            float[] current = Property.floats(random, parameters);
            double[] mean = new double[parameters]; // of the clients' models, the way the paper writes it
            double[] sum = new double[parameters];
            double total = 0;
            for (int client = 0; client < clients; client++) {
                double weight = random.nextDouble(0.01, 1);
                float[] update = Property.floats(random, parameters);
                total += weight;
                for (int i = 0; i < parameters; i++) {
                    mean[i] += weight * ((double) current[i] + update[i]);
                    sum[i] += weight * update[i];
                }
            }
            float[] next = new FedAvg().apply(current, new WeightedSum(sum, total));
            for (int i = 0; i < parameters; i++) {
                // one rounding to float of a number below 4
                assertThat(Math.abs(next[i] - mean[i] / total)).isLessThan(0x1p-22);
            }
        });
    }

    @Test
    void apply_otherLength_refused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new FedAvg().apply(new float[2], new WeightedSum(new double[3], 1)))
                .withMessageContaining("2 values, got 3");
    }

    @Test
    void apply_resultNotFinite_refusedAndCurrentUnchanged() {
        float[] current = {1, Float.MAX_VALUE};
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new FedAvg().apply(current, new WeightedSum(new double[] {0, 1e39}, 1)))
                .withMessageContaining("parameter 1");
        assertThat(current).containsExactly(1, Float.MAX_VALUE);
    }

    @Test
    void weightedSum_weightNotPositive_refused() {
        for (double weight : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatIllegalArgumentException().isThrownBy(() -> new WeightedSum(new double[1], weight));
        }
    }

    @Test
    void named_unknownRule_refusedNamingThoseThereAre() {
        assertThat(AggregationRules.named("fedavg")).isInstanceOf(FedAvg.class);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AggregationRules.named("fedsgd"))
                .withMessageContaining("[fedavg], got 'fedsgd'");
    }
}
