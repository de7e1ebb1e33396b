package dev.fedlora.aggregation.encoding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.PhaseDeadlines;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.privacy.sampler.SecureBits;
import dev.fedlora.testkit.Property;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UpdateEncoderTest {
    private static final Bytes HASH = Bytes.of(new byte[32]);

    private static RoundPlan plan(int clients, int dimension, double clip, double scale) {
        return new RoundPlan(
                1,
                "f",
                "t",
                1,
                HASH,
                HASH,
                HASH,
                Protocol.PLAIN,
                clients,
                0,
                0,
                1,
                0,
                dimension,
                32,
                scale,
                clip,
                PhaseDeadlines.of(Duration.ofSeconds(1), Duration.ofSeconds(1)),
                HASH);
    }

    private static UpdateEncoder encoder(int clients, int parameters, double clip) {
        double scale = UpdateEncoder.largestScale(clients, clip);
        return UpdateEncoder.of(plan(clients, parameters + 1, clip, scale));
    }

    @Test
    void largestScale_anyClients_fitsAndTwiceDoesNot() {
        Property.forAll(1000, random -> {
            int clients = random.nextInt(1, 129);
            double clip = Math.scalb(random.nextDouble(0.5, 1), random.nextInt(-20, 12));
            double scale = UpdateEncoder.largestScale(clients, clip);
            assertThat(clients * (clip * scale + 1)).isLessThan(0x1p31);
            assertThat(clients * (clip * 2 * scale + 1)).isGreaterThanOrEqualTo(0x1p31);
        });
    }

    @Test
    void decode_sumOfEncoded_isWithinOneRoundingAClientOfExactSum() {
        Property.forAll(60, random -> {
            int clients = random.nextInt(1, 20);
            int parameters = random.nextInt(1, 300);
            double clip = random.nextDouble(0.01, 20);
            UpdateEncoder encoder = encoder(clients, parameters, clip);
            SecureBits bits = SecureBits.reproducibleNotPrivate(random.nextLong());
            double[] expected = new double[parameters];
            int[] sum = new int[parameters + 1];
            double weights = 0;
            for (int client = 0; client < clients; client++) {
                float[] update = Property.floats(random, parameters);
                double weight = random.nextDouble(0.001, 1);
                add(sum, encoder.encode(update, weight, bits));
                addClipped(expected, update, weight, clip);
                weights += weight;
            }
            WeightedSum decoded = encoder.decode(sum, clients);
            double unit = 1 / UpdateEncoder.largestScale(clients, clip);
            // a rounding each, and clipping and weighing in float: 2^-22 of the value
            for (int i = 0; i < parameters; i++) {
                assertThat(Math.abs(decoded.sum()[i] - expected[i])).isLessThan(clients * (unit + clip * 0x1p-22));
            }
            assertThat(Math.abs(decoded.weight() - weights)).isLessThan(clients * 2 * unit / clip + 1e-12);
        });
    }

    private static void add(int[] sum, int[] vector) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += vector[i];
        }
    }

    private static void addClipped(double[] sum, float[] update, double weight, double clip) {
        double squared = 0;
        for (float value : update) {
            squared += (double) value * value;
        }
        double factor = Math.min(1, clip / Math.sqrt(squared)) * weight;
        for (int i = 0; i < sum.length; i++) {
            sum[i] += update[i] * factor;
        }
    }

    @Test
    void encode_hugeUpdatesOfAllClients_sumDoesNotWrap() {
        for (int clients : new int[] {1, 2, 9, 127, 128}) {
            UpdateEncoder encoder = encoder(clients, 1, 1.0);
            int[] sum = new int[2];
            for (int client = 0; client < clients; client++) {
                add(sum, encoder.encode(new float[] {Float.MAX_VALUE}, 1, new SecureBits()));
            }
            assertThat(sum[0]).isPositive();
            WeightedSum decoded = encoder.decode(sum, clients);
            assertThat(decoded.weight()).isEqualTo(clients);
            assertThat(decoded.sum()[0] / clients).isBetween(0.999999, 1.000001);
        }
    }

    @Test
    void encode_zeroUpdate_givesWeightAlone() {
        int[] vector = encoder(3, 5, 1).encode(new float[5], 1, new SecureBits());
        assertThat(vector).startsWith(0, 0, 0, 0, 0);
        WeightedSum decoded = encoder(3, 5, 1).decode(vector, 1);
        assertThat(decoded.weight()).isEqualTo(1);
        assertThat(decoded.sum()).containsOnly(0);
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void encode_nonFinite_refusedAndUpdateUnchanged(float value) {
        float[] update = {1, value, 2};
        assertThatIllegalArgumentException()
                .isThrownBy(() -> encoder(3, 3, 1).encode(update, 1, new SecureBits()))
                .withMessageContaining("index 1");
        assertThat(update).containsExactly(1, value, 2);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 4})
    void encode_wrongLength_refused(int length) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> encoder(3, 3, 1).encode(new float[length], 1, new SecureBits()))
                .withMessageContaining("3 values, got " + length);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -0.0, -1, 1.0000001, Double.NaN, Double.POSITIVE_INFINITY})
    void encode_weightOutOfRange_refused(double weight) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> encoder(3, 1, 1).encode(new float[1], weight, new SecureBits()))
                .withMessageContaining("(0, 1]");
    }

    @Test
    void plan_sumThatCouldWrap_refused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> plan(3, 2, 1, 0x1p30))
                .withMessageContaining("wrap around");
        assertThat(plan(1, 2, 1, 0x1p30).scale()).isEqualTo(0x1p30);
        assertThatIllegalArgumentException().isThrownBy(() -> UpdateEncoder.of(plan(1, 2, 0.5, 1)));
    }

    @Test
    void decode_sumNoHonestClientsMake_refused() {
        UpdateEncoder encoder = encoder(3, 2, 1);
        int unit = encoder.encode(new float[] {1, 0}, 1, new SecureBits())[2];
        int[][] implausible = {
            {0, 0, 0},
            {0, 0, 1},
            {0, 0, -unit},
            {0, 0, 2 * unit + 1},
            {2 * unit, 2 * unit, unit},
            {Integer.MIN_VALUE, 0, unit}
        };
        for (int[] sum : implausible) {
            ProtocolException refusal = catchThrowableOfType(ProtocolException.class, () -> encoder.decode(sum, 2));
            assertThat(refusal.reason()).isEqualTo(ProtocolException.Reason.IMPLAUSIBLE_SUM);
        }
        assertThatIllegalArgumentException().isThrownBy(() -> encoder.decode(new int[2], 1));
        assertThatIllegalArgumentException().isThrownBy(() -> encoder.decode(new int[3], 0));
        assertThatIllegalArgumentException().isThrownBy(() -> encoder.decode(new int[3], 4));
    }
}
