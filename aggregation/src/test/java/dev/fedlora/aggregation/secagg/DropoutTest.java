package dev.fedlora.aggregation.secagg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.RoundAborted;
import dev.fedlora.testkit.Property;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.LongToIntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DropoutTest {
    @ParameterizedTest
    @ValueSource(ints = {3, 4, 5})
    void play_everyDropPattern_givesExactSumOrAbortsExactlyBelowThreshold(int n) {
        TestFederation federation = TestFederation.of(n);
        int patterns = (int) Math.pow(6, n); // silent from one of five phases on, or never
        IntStream.range(0, patterns).parallel().forEach(pattern -> {
            TestRound round = new TestRound(federation, federation.plan(3));
            check(round, id -> digit(pattern, (int) (id / 10 - 1)));
        });
    }

    private static int digit(int pattern, int position) {
        int rest = pattern;
        for (int i = 0; i < position; i++) {
            rest /= 6;
        }
        return rest % 6;
    }

    static void check(TestRound round, LongToIntFunction silentFrom) {
        round.play(silentFrom);
        List<Long> expected = round.expectedSurvivors(silentFrom);
        assertThat(round.server.isOver()).isTrue();
        if (expected.isEmpty()) {
            assertThat(round.server.outcome()).isEmpty();
            assertThat(round.server.abortion().orElseThrow().reason()).isEqualTo(RoundAborted.Reason.TOO_FEW_CLIENTS);
        } else {
            Outcome outcome = round.server.outcome().orElseThrow();
            assertThat(outcome.survivors()).isEqualTo(expected);
            assertThat(outcome.sum()).isEqualTo(round.plainSum(expected));
            assertThat(outcome.blamed()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({"500, 20", "20, 40"})
    void play_randomCohorts_givesExactSumOrAborts(int cases, int largest) {
        int[] dimensions = {2, 7, 64, 1000, 5003};
        Property.forAll(cases, random -> {
            int n = random.nextInt(3, largest + 1);
            int corrupt = random.nextInt(0, Math.max(1, n / 4));
            int minimum = random.nextInt(corrupt + 2, Math.max(corrupt + 3, n));
            TestFederation federation =
                    new TestFederation(n, dev.fedlora.aggregation.wire.Protocol.SECAGG, Math.min(n, minimum), corrupt);
            TestRound round = new TestRound(federation, federation.plan(dimensions[random.nextInt(5)]));
            double dropRate = random.nextDouble(0, 0.12);
            int[] silentFrom =
                    IntStream.range(0, n).map(i -> silence(random, dropRate)).toArray();
            check(round, id -> silentFrom[(int) (id / 10 - 1)]);
        });
    }

    private static int silence(SplittableRandom random, double rate) {
        for (int phase = 0; phase < 5; phase++) {
            if (random.nextDouble() < rate) {
                return phase;
            }
        }
        return TestRound.NEVER;
    }

    @ParameterizedTest
    @EnumSource(Phase.class)
    void play_exactlyThresholdLeftFromPhaseOn_givesExactSum(Phase phase) {
        TestRound round = TestRound.of(7, 5); // t = 4
        check(round, id -> id <= 40 ? TestRound.NEVER : phase.ordinal());
        assertThat(round.server.outcome()).isPresent();
    }

    @ParameterizedTest
    @EnumSource(Phase.class)
    void play_oneBelowThresholdFromPhaseOn_abortsAndTellsEveryClient(Phase phase) {
        TestRound round = TestRound.of(7, 5);
        check(round, id -> id <= 30 ? TestRound.NEVER : phase.ordinal());
        assertThat(round.server.outcome()).isEmpty();
        assertThat(round.server.answer(phase, 10))
                .contains(round.server.abortion().orElseThrow());
    }
}
