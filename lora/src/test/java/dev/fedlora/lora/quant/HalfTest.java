package dev.fedlora.lora.quant;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HalfTest {
    /** IEEE 754-2008, section 3.4, in double: every binary16 value is exact there. */
    private static double byDefinition(int bits) {
        int exponent = bits >> 10 & 31;
        int mantissa = bits & 1023;
        double magnitude = exponent == 0 ? mantissa * 0x1p-24 : (1024 + mantissa) * Math.pow(2, exponent - 25);
        return (bits & 0x8000) == 0 ? magnitude : -magnitude;
    }

    @Test
    void toFloat_everyFiniteValue_isTheDefinition() {
        for (int bits = 0; bits < 65536; bits++) {
            if ((bits & 0x7c00) != 0x7c00) {
                assertThat(Half.toFloat((short) bits)).as("%04x", bits).isEqualTo((float)
                        byDefinition(bits)); // boxed compare: tells -0 from 0
            }
        }
    }

    @Test
    void toFloat_infinitiesAndNaNs_stayWhatTheyAre() {
        assertThat(Half.toFloat((short) 0x7c00)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(Half.toFloat((short) 0xfc00)).isEqualTo(Float.NEGATIVE_INFINITY);
        for (int payload = 1; payload < 1024; payload++) {
            assertThat(Half.toFloat((short) (0x7c00 | payload))).isNaN();
            assertThat(Half.toFloat((short) (0xfc00 | payload))).isNaN();
        }
    }

    @Test
    void fromFloat_everyHalf_comesBack() {
        for (int bits = 0; bits < 65536; bits++) {
            float value = Half.toFloat((short) bits);
            int expected = Float.isNaN(value) ? bits & 0x8000 | 0x7e00 : bits;
            assertThat(Half.fromFloat(value) & 0xffff).as("%04x", bits).isEqualTo(expected);
        }
    }

    @Test
    void fromFloat_aroundEveryMidpoint_roundsToNearestTiesToEven() {
        for (int bits = 0; bits < 0x7c00; bits++) {
            // the step above the largest value is the one that infinity stands for
            double above = bits == 0x7bff ? 65536 : byDefinition(bits + 1);
            float middle = (float) ((byDefinition(bits) + above) / 2); // 12 significant bits: exact
            int even = bits + (bits & 1);
            assertThat(Half.fromFloat(middle)).as("middle of %04x", bits).isEqualTo((short) even);
            assertThat(Half.fromFloat(Math.nextDown(middle))).isEqualTo((short) bits);
            assertThat(Half.fromFloat(Math.nextUp(middle))).isEqualTo((short) (bits + 1));
            assertThat(Half.fromFloat(-middle) & 0xffff).isEqualTo(even | 0x8000);
        }
    }

    @Test
    void fromFloat_farOutside_isInfinityOrZero() {
        assertThat(Half.fromFloat(Float.MAX_VALUE)).isEqualTo((short) 0x7c00);
        assertThat(Half.fromFloat(-1e6f)).isEqualTo((short) 0xfc00);
        assertThat(Half.fromFloat(Float.MIN_VALUE)).isEqualTo((short) 0);
        assertThat(Half.fromFloat(-Float.MIN_NORMAL)).isEqualTo((short) 0x8000);
    }
}
