package dev.fedlora.lora.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.testkit.Property;
import org.assertj.core.data.Offset;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class ExponentialsTest {
    private final Exponentials plain = new PlainExponentials();

    @Test
    void vector_anyRun_isThePlainOne() {
        Exponentials vector = IncubatorClasses.load("VectorExponentials", Exponentials.class)
                .orElseGet(() -> Assumptions.abort(
                        "skipped: " + IncubatorClasses.missing().orElseThrow()));
        Property.forAll(200, random -> {
            int from = random.nextInt(5);
            int count = random.nextInt(1, random.nextInt(4) == 0 ? 3000 : 40);
            float[] values = Property.floats(random, from + count + 3);
            for (int i = 0; i < values.length; i++) {
                values[i] *= 20;
            }
            if (random.nextBoolean()) {
                values[from + random.nextInt(count)] = Float.NEGATIVE_INFINITY;
            }
            assertThat(vector.largest(values, from, count)).isEqualTo(plain.largest(values, from, count));
            float shift = (float) random.nextDouble(-20, 20);
            float[] expected = values.clone();
            double sum = plain.exp(expected, from, count, shift);
            // 2^-23 relative error of an exponential, 2^-24 for each of 1024 / lanes additions
            assertThat(vector.exp(values, from, count, shift)).isCloseTo(sum, Percentage.withPercentage(1e-2));
            for (int i = 0; i < values.length; i++) {
                // value - shift, at most 40, is rounded by 2^-24 of itself before the exponential magnifies it
                assertThat(values[i]).isCloseTo(expected[i], Offset.offset(Math.abs(expected[i]) * 4e-6f));
            }
        });
    }
}
