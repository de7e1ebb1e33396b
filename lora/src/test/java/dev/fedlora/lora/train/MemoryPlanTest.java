package dev.fedlora.lora.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.model.ActivationPolicy;
import dev.fedlora.testkit.Property;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryPlanTest {
    @TempDir
    private static Path folder;

    private static MemoryPlan.Demand demand;

    @BeforeAll
    static void prepare() {
        TinyTexts task = new TinyTexts(folder);
        demand = MemoryPlan.Demand.of(task.model, task.adapter(), LoraOptions.DEFAULT, TinyTexts.texts(60, 1), false);
    }

    @Test
    void within_plenty_isTheFastest() {
        assertThat(MemoryPlan.within(1L << 40, demand, 3)).isEqualTo(MemoryPlan.unlimited(3));
    }

    @Test
    void within_anyBudget_staysBelowItAndTakesTheSameRowsForAnyThreads() {
        long most = MemoryPlan.unlimited(4).bytes(demand);
        long least = least();
        Property.forAll(300, random -> {
            long budget = random.nextLong(least, most + 1);
            int rows = MemoryPlan.within(budget, demand, 1).rows();
            for (int threads = 1; threads <= 4; threads++) {
                MemoryPlan plan = MemoryPlan.within(budget, demand, threads);
                assertThat(plan.bytes(demand)).isLessThanOrEqualTo(budget);
                assertThat(plan.workers()).isLessThanOrEqualTo(threads);
                assertThat(plan.rows()).isEqualTo(rows).isBetween(demand.longest(), Shards.MOST_ROWS);
            }
        });
    }

    @Test
    void within_oneThread_recomputesBeforeItTakesFewerRows() {
        long kept = MemoryPlan.unlimited(1).bytes(demand);
        assertThat(MemoryPlan.within(kept - 1, demand, 1))
                .isEqualTo(new MemoryPlan(ActivationPolicy.RECOMPUTE, Shards.MOST_ROWS, 1));
        assertThat(MemoryPlan.within(least(), demand, 2))
                .isEqualTo(new MemoryPlan(ActivationPolicy.RECOMPUTE, demand.longest(), 1));
    }

    @Test
    void within_tooLittle_saysTheLeastThatWouldDo() {
        assertThatThrownBy(() -> MemoryPlan.within(1 << 20, demand, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "a memory budget of 1 MB is too small: training here takes at least %s with one thread",
                        MemoryPlan.words(least()));
        assertThatThrownBy(() -> MemoryPlan.within(least() - 1, demand, 2)).hasMessageContaining("too small");
        assertThat(MemoryPlan.words(1)).isEqualTo("1 MB");
        assertThat(MemoryPlan.words(3L << 29)).isEqualTo("1.50 GB");
    }

    @Test
    void bytes_privateTraining_countsEveryGroupsGradientSumAndNoise() {
        long vector = (long) Float.BYTES * demand.parameters();
        MemoryPlan.Demand secret =
                new MemoryPlan.Demand(demand.model(), demand.longest(), demand.rank(), demand.parameters(), true);
        long more = 3 * (PrivateGradient.mostGroups(demand.parameters()) + 1 - 2) + 4; // three workers
        assertThat(MemoryPlan.unlimited(3).bytes(secret))
                .isEqualTo(MemoryPlan.unlimited(3).bytes(demand) + more * vector);
    }

    @Test
    void bytes_longExamples_countTheirScores() {
        int heads = demand.model().headsOfKey();
        assertThat(heads).isGreaterThan(1);
        long less = MemoryPlan.unlimited(1).bytes(withLongest(160 * 1024 / 64 / heads));
        assertThat(less).isEqualTo(MemoryPlan.unlimited(1).bytes(withLongest(1)));
        long twice = MemoryPlan.unlimited(1).bytes(withLongest(2 * 160 * 1024 / 64 / heads));
        assertThat(twice - less).isEqualTo(16 * 160 * 1024);
    }

    private static MemoryPlan.Demand withLongest(int tokens) {
        return new MemoryPlan.Demand(demand.model(), tokens, demand.rank(), demand.parameters(), false);
    }

    private static long least() {
        return new MemoryPlan(ActivationPolicy.RECOMPUTE, demand.longest(), 1).bytes(demand);
    }
}
