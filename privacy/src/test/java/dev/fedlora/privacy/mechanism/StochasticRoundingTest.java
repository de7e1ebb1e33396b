package dev.fedlora.privacy.mechanism;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.privacy.sampler.SecureBits;
import dev.fedlora.testkit.Property;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.util.Arrays;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.Test;

class StochasticRoundingTest {
    private final SecureBits bits = new SecureBits();

    @Test
    void round_anyClippedVector_isWithinBothBoundsAndNextToTheInput() {
        Property.forAll(2000, random -> {
            int dimension = random.nextInt(1, 300);
            double clip = Math.pow(10, random.nextDouble(-3, 3));
            double scale = Math.pow(2, random.nextDouble(-2, 24)) / clip;
            float[] vector = Property.floats(random, dimension);
            for (int i = 0; i < dimension; i++) {
                vector[i] *= (float) (2 * clip);
            }
            float[] clipped = new L2Clip(clip).clip(vector);
            RoundedNorm bound = RoundedNorm.of(clip, scale, dimension);
            int[] rounded = new StochasticRounding(bound).round(clipped, bits);
            assertThat(squaredNorm(rounded)).isLessThanOrEqualTo(bound.squaredL2());
            for (int i = 0; i < dimension; i++) {
                assertThat(Math.abs((long) rounded[i])).isLessThanOrEqualTo(bound.lInfinity());
                assertThat(Math.abs(rounded[i] - clipped[i] * scale)).isLessThan(1);
            }
        });
    }

    /** Where all coordinates lie halfway, half of all unconditional roundings are too long; none may come out. */
    @Test
    void round_tightBound_repeatsUntilItHolds() {
        int dimension = 10_000;
        float[] vector = new float[dimension];
        Arrays.fill(vector, (float) (0.999999 / Math.sqrt(dimension)));
        RoundedNorm bound = RoundedNorm.of(1, 50, dimension); // 0.5 steps in each coordinate
        assertThat(bound.squaredL2()).isLessThan((long) Math.pow(50 + 100, 2));
        StochasticRounding rounding = new StochasticRounding(bound);
        for (int i = 0; i < 200; i++) {
            assertThat(squaredNorm(rounding.round(vector, bits))).isLessThanOrEqualTo(bound.squaredL2());
        }
    }

    /** 11 fractions, 100,000 roundings each: the mean is off by 7 deviations with probability 3e-12 each. */
    @Test
    void round_oneCoordinate_isUnbiased() {
        for (int tenth = -5; tenth <= 5; tenth++) {
            float value = 7 * tenth / 10f;
            StochasticRounding rounding = new StochasticRounding(new RoundedNorm(10, 1, 1, 0));
            ToIntFunction<float[]> product = vector -> rounding.round(vector, bits)[0];
            assertThat(deviations(product, value)).as("%s", value).isLessThan(7);
        }
    }

    /** The twin: rounding to the nearest integer. */
    @Test
    void round_brokenToNearest_failsTheSameTest() {
        assertThat(deviations(vector -> Math.round(vector[0]), 0.7f)).isGreaterThan(7);
    }

    private static double deviations(ToIntFunction<float[]> rounding, float value) {
        int trials = 100_000;
        long sum = 0;
        for (int i = 0; i < trials; i++) {
            sum += rounding.applyAsInt(new float[] {value});
        }
        double fraction = value - Math.floor(value);
        double deviation = Math.sqrt(Math.max(fraction * (1 - fraction), 1e-12) * trials);
        return Math.abs(sum - (double) value * trials) / deviation;
    }

    @Test
    void round_zeroNegativeZeroAndDenormals_areLegal() {
        StochasticRounding rounding = new StochasticRounding(RoundedNorm.of(1, 1000, 4));
        float[] tiny = {0, -0.0f, Float.MIN_VALUE, -Float.MIN_VALUE};
        assertThat(rounding.round(tiny, bits)).containsExactly(0, 0, 0, 0); // else once in 10^41
    }

    @Test
    void round_wholeNumbers_areKept() {
        StochasticRounding rounding = new StochasticRounding(RoundedNorm.of(16, 4, 3));
        assertThat(rounding.round(new float[] {1.25f, -2.5f, 10}, bits)).containsExactly(5, -10, 40);
    }

    @Test
    void round_oneCoordinateAtTheBound_isLegal() {
        StochasticRounding rounding = new StochasticRounding(RoundedNorm.of(1, Integer.MAX_VALUE, 2));
        assertThat(rounding.round(new float[] {1, 0}, bits)).containsExactly(Integer.MAX_VALUE, 0);
        assertThat(rounding.round(new float[] {0, -1}, bits)).containsExactly(0, -Integer.MAX_VALUE);
    }

    @Test
    void round_sameSeed_givesTheSame() {
        StochasticRounding rounding = new StochasticRounding(RoundedNorm.of(1, 1000, 3));
        float[] vector = {0.1f, 0.2f, 0.3f};
        assertThat(rounding.round(vector, SecureBits.reproducibleNotPrivate(1)))
                .containsExactly(rounding.round(vector, SecureBits.reproducibleNotPrivate(1)));
    }

    @Test
    void round_badVector_isRefused() {
        StochasticRounding rounding = new StochasticRounding(RoundedNorm.of(1, 1000, 2));
        assertThatThrownBy(() -> rounding.round(new float[3], bits)).hasMessageContaining("3 coordinates, must have 2");
        assertThatThrownBy(() -> rounding.round(new float[] {1, 1}, bits)).hasMessageContaining("at most 1.0");
        assertThatThrownBy(() -> rounding.round(new float[] {Float.NaN, 0}, bits))
                .hasMessageContaining("not finite");
    }

    @Test
    void roundedNorm_impossibleParameters_areRefused() {
        assertThatThrownBy(() -> RoundedNorm.of(0, 1, 1)).hasMessageContaining("clipping bound is 0");
        assertThatThrownBy(() -> RoundedNorm.of(1, Double.NaN, 1)).hasMessageContaining("scale is NaN");
        assertThatThrownBy(() -> RoundedNorm.of(1, 1, 0)).hasMessageContaining("dimension is 0");
        assertThatThrownBy(() -> new RoundedNorm(1, 1, 1, 1)).hasMessageContaining("beta is 1");
        assertThatThrownBy(() -> RoundedNorm.of(1, 3e9 + 1, 1)).hasMessageContaining("allowed 9.0E18");
        assertThatThrownBy(() -> new StochasticRounding(RoundedNorm.of(1, 0x1p31 - 0.5, 1)))
                .hasMessageContaining("below 2^31");
    }

    /** tensorflow/privacy and google-research/federated compute the same bound. */
    @Test
    void roundedNorm_goldenVectors_areEqual() throws IOException {
        JsonNode vectors = new ObjectMapper()
                .readTree(Shared.path("golden/privacy-vectors.json").toFile());
        for (JsonNode expected : vectors.get("distributed")) {
            JsonNode params = expected.get("params");
            if (params.has("beta") && expected.at("/intermediate/l2_int").isNumber()) {
                double l2 = new RoundedNorm(
                                params.get("l2_clip").asDouble(),
                                params.get("scale").asDouble(),
                                params.get("dim").asInt(),
                                params.get("beta").asDouble())
                        .l2();
                double theirs = expected.at("/intermediate/l2_int").asDouble();
                // ours is the root of the square rounded down
                assertThat(l2).isLessThanOrEqualTo(theirs * (1 + 1e-12)).isCloseTo(theirs, within(1 / theirs));
            }
        }
    }

    private static long squaredNorm(int[] vector) {
        return Arrays.stream(vector).mapToLong(v -> (long) v * v).sum();
    }
}
