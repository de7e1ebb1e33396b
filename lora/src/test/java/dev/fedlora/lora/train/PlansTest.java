package dev.fedlora.lora.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.testkit.Property;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PlansTest {
    private static final OptimizerPlan OPTIMIZER = OptimizerPlan.constant(0.1, 0.2);

    @Test
    void dataOrder_roundsOfAThird_passOverEachExampleOnceBeforeTheNextPass() {
        DataOrder order = new DataOrder(9, 4);
        int[] pass = IntStream.range(0, 3)
                .flatMap(round -> Arrays.stream(order.round(round, 1 / 3.0)))
                .toArray();
        int[] next = IntStream.range(3, 6)
                .flatMap(round -> Arrays.stream(order.round(round, 1 / 3.0)))
                .toArray();
        assertThat(pass).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7, 8);
        assertThat(next).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7, 8).isNotEqualTo(pass);
    }

    @Test
    void dataOrder_anyShare_isTheSameStretchWhoeverAsks() {
        Property.forAll(200, random -> {
            int examples = random.nextInt(1, 50);
            double share = random.nextDouble(1e-3, 1);
            long seed = random.nextLong();
            DataOrder whole = new DataOrder(examples, seed);
            for (int round = 0; round < 5; round++) {
                int[] turn = whole.round(round, share);
                assertThat(turn.length).isBetween(1, Math.max(1, (int) (share * examples)));
                assertThat(new DataOrder(examples, seed).round(round, share)).isEqualTo(turn);
            }
        });
    }

    @Test
    void dataOrder_shareAboveOne_laysPassesEndToEnd() {
        int[] turn = new DataOrder(4, 7).round(0, 2.5);
        assertThat(turn).hasSize(10);
        assertThat(Arrays.copyOfRange(turn, 0, 4)).containsExactlyInAnyOrder(0, 1, 2, 3);
        assertThat(Arrays.copyOfRange(turn, 4, 8)).containsExactlyInAnyOrder(0, 1, 2, 3);
        assertThat(Arrays.copyOfRange(turn, 0, 2)).isEqualTo(new DataOrder(4, 7).round(0, 0.5));
    }

    @Test
    void cut_anyItems_keepsOrderAndRowLimit() {
        Property.forAll(300, random -> {
            List<Integer> items =
                    random.ints(random.nextInt(1, 80), 1, 512).boxed().toList();
            List<List<Integer>> shards = Shards.cut(items, rows -> rows, Shards.MOST_ROWS);
            assertThat(shards.stream().flatMap(List::stream).toList()).isEqualTo(items);
            for (List<Integer> shard : shards) {
                int rows = shard.stream().mapToInt(Integer::intValue).sum();
                assertThat(rows <= Shards.MOST_ROWS || shard.size() == 1).isTrue();
            }
        });
    }

    @Test
    void cut_sixteenUsualTexts_givesWorkToSeveralThreads() {
        List<Integer> items = IntStream.range(0, 16).mapToObj(i -> 80).toList();
        assertThat(Shards.cut(items, rows -> rows, Shards.MOST_ROWS)).hasSizeBetween(4, 5);
        assertThat(Shards.cut(List.<Integer>of(), rows -> rows, Shards.MOST_ROWS))
                .isEmpty();
    }

    @Test
    void schedule_warmUpThenCosine_risesAndFalls() {
        LearningRateSchedule cosine = LearningRateSchedule.COSINE;
        assertThat(cosine.factor(0, 12, 3)).isEqualTo(0.25);
        assertThat(cosine.factor(2, 12, 3)).isEqualTo(0.75);
        assertThat(cosine.factor(3, 12, 3)).isEqualTo(1);
        assertThat(cosine.factor(6, 12, 3)).isCloseTo(0.75, within(1e-12)); // (1 + cos 60°) / 2
        assertThat(cosine.factor(11, 12, 3)).isBetween(0.0, 0.05);
        assertThat(LearningRateSchedule.CONSTANT.factor(11, 12, 3)).isEqualTo(1);
    }

    @Test
    void plans_valueOutOfRange_isNamed() {
        assertMessage(() -> new TrainingPlan(-1, 1, 1, OPTIMIZER), "round must be at least 0, got -1");
        assertMessage(
                () -> new TrainingPlan(0, 0, 1, OPTIMIZER), "share of the data must be positive and finite, got 0.0");
        assertMessage(() -> new TrainingPlan(0, 1, 0, OPTIMIZER), "batch size must be at least 1, got 0");
        assertMessage(() -> OptimizerPlan.constant(0, 1), "learning rate must be positive, got 0.0");
        assertMessage(() -> OptimizerPlan.constant(1, Double.NaN), "head learning rate must be positive, got NaN");
        assertMessage(() -> new PrivateTrainingPlan(0, 0.1, 1, 1, 1, OPTIMIZER), "steps must be at least 1, got 0");
        assertMessage(
                () -> new PrivateTrainingPlan(1, 0, 1, 1, 1, OPTIMIZER), "sampling rate must be in (0, 1], got 0.0");
        assertMessage(
                () -> new PrivateTrainingPlan(1, 0.1, 1, 1, 0, OPTIMIZER),
                "noise multiplier must be positive and finite, got 0.0");
    }

    private static void assertMessage(org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }
}
