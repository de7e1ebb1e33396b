package dev.fedlora.privacy.mechanism;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.testkit.Property;
import java.math.BigDecimal;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class L2ClipTest {
    @Test
    void clip_anyVector_isWithinTheBoundExactly() {
        Property.forAll(3000, random -> {
            float[] vector = Property.floats(random, random.nextInt(1, 200));
            float magnitude = (float) Math.pow(10, random.nextDouble(-42, 38));
            for (int i = 0; i < vector.length; i++) {
                vector[i] *= magnitude;
            }
            double bound = L2Clip.norm(vector) * Math.pow(10, random.nextDouble(-3, 0.5)) + 1e-300;
            float[] clipped = new L2Clip(bound).clip(vector);
            assertThat(exactSquare(clipped)).isLessThanOrEqualTo(new BigDecimal(bound).pow(2));
        });
    }

    @Test
    void clip_longVector_keepsItsDirectionAndReachesTheBound() {
        Property.forAll(1000, random -> {
            float[] vector = Property.floats(random, random.nextInt(1, 100));
            double norm = L2Clip.norm(vector);
            double bound = norm * random.nextDouble(0.01, 0.99);
            float[] clipped = new L2Clip(bound).clip(vector);
            // rounding each float towards zero costs at most one part in 2^23
            assertThat(L2Clip.norm(clipped)).isBetween(bound * (1 - 0x1p-22), bound);
            for (int i = 0; i < vector.length; i++) {
                assertThat((double) clipped[i]).isCloseTo(vector[i] * bound / norm, within(1e-6));
            }
        });
    }

    @Test
    void clip_twice_changesNothingMore() {
        Property.forAll(1000, random -> {
            L2Clip clip = new L2Clip(random.nextDouble(0.001, 2));
            float[] once = clip.clip(Property.floats(random, random.nextInt(1, 100)));
            // the second may see the norm of the first just past the margin, and shave one last digit
            float[] twice = clip.clip(once);
            for (int i = 0; i < once.length; i++) {
                assertThat(twice[i])
                        .isBetween(Math.min(once[i], 0.999999f * once[i]), Math.max(once[i], 0.999999f * once[i]));
            }
        });
    }

    @Test
    void clipInPlace_shortVector_leavesItAndReturnsItsNorm() {
        float[] vector = {3, -4};
        assertThat(new L2Clip(5.001).clipInPlace(vector)).isEqualTo(5);
        assertThat(vector).containsExactly(3, -4);
        assertThat(new L2Clip(1).clipInPlace(vector)).isEqualTo(5);
        assertThat(vector[0]).isCloseTo(0.6f, within(1e-7f));
        assertThat(vector[1]).isCloseTo(-0.8f, within(1e-7f));
    }

    @Test
    void clip_zeroEmptyAndTinyVectors_areLegal() {
        L2Clip clip = new L2Clip(1);
        assertThat(clip.clip(new float[3])).containsExactly(0, 0, 0);
        assertThat(clip.clipInPlace(new float[] {0, -0.0f})).isZero();
        assertThat(clip.clip(new float[0])).isEmpty();
        assertThat(clip.clip(new float[] {Float.MIN_VALUE})).containsExactly(Float.MIN_VALUE);
        assertThat(L2Clip.norm(new float[] {Float.MIN_VALUE})).isEqualTo(Float.MIN_VALUE);
    }

    @Test
    void clip_hugeFloats_doesNotOverflow() {
        float[] vector = new float[100];
        Arrays.fill(vector, Float.MAX_VALUE);
        float[] clipped = new L2Clip(1).clip(vector);
        assertThat(L2Clip.norm(clipped)).isCloseTo(1, within(1e-6)).isLessThanOrEqualTo(1);
    }

    @Test
    void clip_copy_leavesTheOriginal() {
        float[] vector = {30, 40};
        new L2Clip(1).clip(vector);
        assertThat(vector).containsExactly(30, 40);
    }

    @Test
    void clipInPlace_notFinite_isRefusedWithCountAndIndexAndUnchanged() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            float[] vector = {1e6f, bad, 3, bad};
            float[] before = vector.clone();
            assertThatThrownBy(() -> new L2Clip(1).clipInPlace(vector))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("2 of 4")
                    .hasMessageContaining("index 1");
            assertThat(vector).containsExactly(before);
        }
    }

    @Test
    void constructor_impossibleBound_isRefused() {
        for (double bound : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> new L2Clip(bound)).hasMessageContaining("clipping bound is " + bound);
        }
    }

    private static BigDecimal exactSquare(float[] vector) {
        BigDecimal sum = BigDecimal.ZERO;
        for (float x : vector) {
            sum = sum.add(new BigDecimal(x).pow(2));
        }
        return sum;
    }
}
