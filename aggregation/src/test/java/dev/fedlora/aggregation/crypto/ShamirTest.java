package dev.fedlora.aggregation.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.fedlora.testkit.Property;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShamirTest {
    private static final SecureRandom RANDOM = new SecureRandom();

    @Test
    void interpolate_anyThresholdOfShares_restoresSecretAndAgreesWithReference() {
        Property.forAll(200, random -> {
            int n = random.nextInt(1, 40);
            int t = random.nextInt(1, n + 1);
            Secret secret = Secret.random(RANDOM, 32);
            int[] all = IntStream.rangeClosed(1, n).toArray();
            List<Share> shares = new ArrayList<>(Shamir.split(secret, all, t, RANDOM));
            java.util.Collections.shuffle(shares, new java.util.Random(random.nextLong()));
            List<Share> some = shares.subList(0, t);
            int[] xs = some.stream().mapToInt(Share::x).toArray();
            assertThat(Interpolation.at(0, xs).secret(some)).contains(secret);
            for (Share other : shares.subList(t, n)) {
                assertThat(Interpolation.at(other.x(), xs).agrees(some, other)).isTrue();
            }
            List<BigInteger> ys =
                    some.stream().map(s -> BigInteger.valueOf(s.limb(0))).toList();
            assertThat(ReferenceSharing.atZero(xs, ys, BigInteger.valueOf(Field.P)))
                    .isEqualTo(BigInteger.valueOf(Shamir.toLimbs(secret.expose())[0]));
        });
    }

    @Test
    void interpolate_oneShareTooFew_restoresAnotherSecret() {
        for (int i = 0; i < 100; i++) {
            Secret secret = Secret.random(RANDOM, 32);
            List<Share> shares = Shamir.split(secret, new int[] {1, 2, 3}, 3, RANDOM);
            // equal by chance once in 2^256
            assertThat(Interpolation.at(0, new int[] {1, 2}).secret(shares.subList(0, 2)))
                    .isNotEqualTo(java.util.Optional.of(secret));
        }
    }

    @Test
    void fieldOperations_randomElements_equalBigIntegers() {
        BigInteger p = BigInteger.valueOf(Field.P);
        Property.forAll(2000, random -> {
            long a = element(random);
            long b = element(random);
            BigInteger x = BigInteger.valueOf(a);
            BigInteger y = BigInteger.valueOf(b);
            assertThat(Field.add(a, b)).isEqualTo(x.add(y).mod(p).longValueExact());
            assertThat(Field.subtract(a, b)).isEqualTo(x.subtract(y).mod(p).longValueExact());
            assertThat(Field.multiply(a, b)).isEqualTo(x.multiply(y).mod(p).longValueExact());
            if (a != 0) {
                assertThat(Field.invert(a)).isEqualTo(x.modInverse(p).longValueExact());
            }
        });
    }

    /** Every fourth element is at an end of the field. */
    private static long element(SplittableRandom random) {
        return switch (random.nextInt(8)) {
            case 0 -> random.nextInt(3);
            case 1 -> Field.P - 1 - random.nextInt(3);
            default -> random.nextLong(Field.P);
        };
    }

    @Test
    void split_duplicateX_refused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Shamir.split(Secret.random(RANDOM, 32), new int[] {1, 2, 1}, 2, RANDOM))
                .withMessageContaining("distinct");
        assertThatIllegalArgumentException().isThrownBy(() -> Interpolation.at(0, new int[] {3, 3}));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
    void share_xBelowOne_refused(int x) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Share.of(x, new byte[Share.BYTES]))
                .withMessageContaining("at least 1, got " + x);
        assertThatIllegalArgumentException().isThrownBy(() -> Interpolation.at(0, new int[] {x, 5}));
    }

    @ParameterizedTest
    @ValueSource(longs = {Field.P, Field.P + 1, Long.MAX_VALUE, -1, Long.MIN_VALUE})
    void share_limbNotBelowP_refused(long limb) {
        for (int i = 0; i < Share.LIMBS; i++) {
            byte[] bytes = ByteBuffer.allocate(Share.BYTES).putLong(8 * i, limb).array();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Share.of(1, bytes))
                    .withMessageContaining("below 2^61 - 1");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 39, 41})
    void share_wrongLength_refused(int length) {
        assertThatIllegalArgumentException().isThrownBy(() -> Share.of(1, new byte[length]));
    }

    @Test
    void secret_limbsTooLarge_restoresNothing() {
        long[] tooLarge = {0, 0, 0, 0, 1L << 48}; // the last limb has 48 bits
        assertThat(Interpolation.at(0, new int[] {1}).secret(List.of(new Share(1, tooLarge))))
                .isEmpty();
    }

    @Test
    void split_thresholdOutOfRange_refused() {
        for (int t : new int[] {0, 4, -1}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Shamir.split(Secret.random(RANDOM, 32), new int[] {1, 2, 3}, t, RANDOM));
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Shamir.split(Secret.random(RANDOM, 31), new int[] {1, 2, 3}, 2, RANDOM));
    }
}
