package dev.fedlora.privacy.mechanism;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.testkit.Property;
import org.junit.jupiter.api.Test;

class NoWrapBoundTest {
    @Test
    void largestScale_anyParameters_holdsAndOneStepMoreDoesNot() {
        Property.forAll(10_000, random -> {
            int clients = (int) Math.pow(2, random.nextDouble(0, 20));
            double clip = Math.pow(10, random.nextDouble(-6, 6));
            double sigma = random.nextBoolean() ? 0 : Math.pow(2, random.nextDouble(0, 16));
            NoWrapBound bound = new NoWrapBound(clients, clip, sigma);
            double scale = bound.largestScale();
            bound.require(scale);
            double sum = clients * Math.ceil(clip * scale) + 8 * sigma * Math.sqrt(clients);
            assertThat(sum).isLessThan(0x1p31);
            double more = (Math.ceil(clip * scale) + 1) / clip * (1 + 1e-15);
            assertThat(bound.holds(more)).isFalse();
        });
    }

    @Test
    void holds_atTheLastIntegerAndOnePast_isExact() {
        NoWrapBound alone = new NoWrapBound(1, 1, 0);
        assertThat(alone.holds(0x1p31 - 1)).isTrue();
        assertThat(alone.holds(0x1p31)).isFalse();
        assertThat(alone.largestScale()).isEqualTo(0x1p31 - 1);
        NoWrapBound two = new NoWrapBound(2, 1, 0);
        assertThat(two.holds(0x1p30 - 1)).isTrue();
        assertThat(two.holds(0x1p30)).isFalse();
    }

    @Test
    void holds_noScaleAtAll_isFalse() {
        NoWrapBound bound = new NoWrapBound(3, 1, 2);
        assertThat(bound.holds(0)).isFalse();
        assertThat(bound.holds(-1)).isFalse();
        assertThat(bound.holds(Double.NaN)).isFalse();
        assertThatThrownBy(() -> bound.require(1e12))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1.0E12")
                .hasMessageContaining(Double.toString(bound.largestScale()));
    }

    /** The figures of the specification: ten thousand clients leave room for clip times scale of 2^17.6. */
    @Test
    void largestScale_tenThousandClients_leavesRoomForLargeAdapters() {
        double scale = new NoWrapBound(10_000, 1, 100).largestScale();
        assertThat(Math.log(scale) / Math.log(2)).isBetween(17.6, 17.8);
    }

    @Test
    void constructor_impossibleParameters_areRefused() {
        assertThatThrownBy(() -> new NoWrapBound(0, 1, 0)).hasMessageContaining("clients is 0");
        assertThatThrownBy(() -> new NoWrapBound(3, -1, 0)).hasMessageContaining("clipping bound is -1");
        assertThatThrownBy(() -> new NoWrapBound(3, 1, Double.NaN)).hasMessageContaining("sigma is NaN");
        assertThatThrownBy(() -> new NoWrapBound(4, 1, 1e9)).hasMessageContaining("fills the ring");
    }
}
