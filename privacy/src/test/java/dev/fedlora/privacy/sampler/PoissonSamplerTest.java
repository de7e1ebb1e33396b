package dev.fedlora.privacy.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PoissonSamplerTest {
    private static final int BATCHES = 40_000;
    private static final int POPULATION = 20;
    private static final double RATE = 0.3;

    private final SecureBits bits = new SecureBits();

    @Test
    void sample_anyRate_isAscendingAndInRange() {
        for (double rate : new double[] {0, 1e-9, 0.01, 0.5, 0.99, 1}) {
            int[] batch = new PoissonSampler(rate).sample(1000, bits);
            assertThat(batch).isSorted().doesNotHaveDuplicates();
            assertThat(Arrays.stream(batch).allMatch(i -> i >= 0 && i < 1000)).isTrue();
        }
        assertThat(new PoissonSampler(0).sample(1000, bits)).isEmpty();
        assertThat(new PoissonSampler(1).sample(1000, bits))
                .containsExactly(IntStream.range(0, 1000).toArray());
        assertThat(new PoissonSampler(0.5).sample(0, bits)).isEmpty();
    }

    /** 40,000 batches of 20: 20 rates and 190 pairs at 7 deviations each, 3e-12 * 210 = 6e-10. */
    @Test
    void sample_manyBatches_areIndependentWithTheirRate() {
        PoissonSampler sampler = new PoissonSampler(RATE);
        double[] worst = deviations(() -> sampler.sample(POPULATION, bits));
        assertThat(worst[0]).as("rate of one").isLessThan(7);
        assertThat(worst[1]).as("rate of a pair").isLessThan(7);
    }

    /** The twin: shuffled batches of fixed size have the right rate, but two are chosen together too seldom. */
    @Test
    void sample_brokenByFixedSize_failsTheSameTest() {
        SplittableRandom random = new SplittableRandom();
        double[] worst = deviations(() -> {
            int[] all = IntStream.range(0, POPULATION).toArray();
            for (int i = all.length - 1; i > 0; i--) {
                int j = random.nextInt(i + 1);
                int kept = all[i];
                all[i] = all[j];
                all[j] = kept;
            }
            return Arrays.copyOf(all, (int) (RATE * POPULATION));
        });
        assertThat(worst[0]).isLessThan(7);
        assertThat(worst[1]).isGreaterThan(7);
    }

    /** The largest deviations of the rate of one, and of a pair. */
    private static double[] deviations(Supplier<int[]> sampler) {
        long[][] together = new long[POPULATION][POPULATION];
        for (int i = 0; i < BATCHES; i++) {
            int[] batch = sampler.get();
            for (int a : batch) {
                for (int b : batch) {
                    together[a][b]++;
                }
            }
        }
        double one = 0;
        double pair = 0;
        for (int a = 0; a < POPULATION; a++) {
            one = Math.max(one, Fit.deviations(together[a][a], BATCHES, RATE));
            for (int b = 0; b < a; b++) {
                pair = Math.max(pair, Fit.deviations(together[a][b], BATCHES, RATE * RATE));
            }
        }
        return new double[] {one, pair};
    }

    @Test
    void constructor_impossibleArguments_areRefused() {
        assertThatThrownBy(() -> new PoissonSampler(1.01)).hasMessageContaining("sampling rate is 1.01");
        assertThatThrownBy(() -> new PoissonSampler(Double.NaN)).hasMessageContaining("NaN");
        assertThatThrownBy(() -> new PoissonSampler(0.5).sample(-1, bits)).hasMessageContaining("population is -1");
    }
}
