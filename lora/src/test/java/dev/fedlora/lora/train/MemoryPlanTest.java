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

    private static long least() {
        return new MemoryPlan(ActivationPolicy.RECOMPUTE, demand.longest(), 1).bytes(demand);
    }
}
