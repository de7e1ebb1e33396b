package dev.fedlora.privacy.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.testkit.Property;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.util.HashSet;
import java.util.Set;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

class SecureBitsTest {
    @Test
    void nextLong_seeded_isTheCipherStreamAcrossChunks() throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/CTR/NoPadding");
        byte[] key = ByteBuffer.allocate(32)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(42)
                .array();
        cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new IvParameterSpec(new byte[16]));
        ByteBuffer stream = ByteBuffer.wrap(cipher.doFinal(new byte[10_000])).order(ByteOrder.LITTLE_ENDIAN);
        SecureBits bits = SecureBits.reproducibleNotPrivate(42);
        while (stream.hasRemaining()) {
            assertThat(bits.nextLong()).isEqualTo(stream.getLong());
        }
    }

    @Test
    void isReproducible_onlyOfSeededStreams_isTrue() {
        assertThat(new SecureBits().isReproducible()).isFalse();
        assertThat(SecureBits.reproducibleNotPrivate(1).isReproducible()).isTrue();
        assertThat(SecureBits.reproducibleNotPrivate(1)).hasToString("SecureBits[reproducible, not private]");
        assertThat(new SecureBits()).hasToString("SecureBits");
    }

    @Test
    void constructor_manyStreams_allDiffer() {
        Set<Long> first = new HashSet<>();
        for (int i = 0; i < 1000; i++) {
            first.add(new SecureBits().nextLong()); // equal ones by chance: 3e-14
        }
        assertThat(first).hasSize(1000);
    }

    /** 64 bounds, 64,000 draws each; rejected below p = 1e-9, so wrongly in 6e-7 of all runs at the most. */
    @Test
    void below_everyBoundTo64_isUniform() {
        SecureBits bits = new SecureBits();
        for (int bound = 2; bound <= 64; bound++) {
            long[] observed = new long[bound];
            for (int i = 0; i < 64_000; i++) {
                observed[(int) bits.below(bound)]++;
            }
            assertThat(Fit.uniformPValue(observed)).as("bound %d", bound).isGreaterThan(Fit.REJECTED);
        }
        assertThat(bits.below(1)).isZero();
    }

    /** The twin: taking a remainder of 8 bits makes small values more frequent. */
    @Test
    void below_brokenByRemainder_failsTheSameTest() {
        SecureBits bits = new SecureBits();
        long[] observed = new long[60];
        for (int i = 0; i < 64_000; i++) {
            observed[(int) ((bits.nextLong() & 255) % 60)]++;
        }
        assertThat(Fit.uniformPValue(observed)).isLessThan(Fit.REJECTED);
    }

    @Test
    void below_anyBound_staysBelowIt() {
        SecureBits bits = new SecureBits();
        Property.forAll(10_000, random -> {
            long bound = Math.max(1, random.nextLong() >>> random.nextInt(1, 64));
            assertThat(bits.below(bound)).isBetween(0L, bound - 1);
        });
        assertThat(bits.below(Long.MAX_VALUE)).isNotNegative();
    }

    /** 3/4 of 2^63: a remainder of 64 bits would give the lower third twice. 100,000 draws, 7 deviations: 3e-12. */
    @Test
    void below_hugeBound_isUniform() {
        SecureBits bits = new SecureBits();
        long bound = 3L << 61;
        long low = 0;
        for (int i = 0; i < 100_000; i++) {
            low += bits.below(bound) < bound / 3 ? 1 : 0;
        }
        assertThat(Fit.deviations(low, 100_000, 1 / 3.0)).isLessThan(7);
    }

    /** 12 probabilities, 200,000 draws each, 7 deviations: 3e-12 each (but for the smallest, where Poisson: 1e-9). */
    @Test
    void bernoulli_doubles_haveTheirProbability() {
        SecureBits bits = new SecureBits();
        double[] probabilities = {1e-3, 0.01, 0.1, 0.25, 1 / 3.0, 0.5, Math.nextUp(0.5), 0.7, 0.9, 0.99, 0.999, 0.3};
        for (double p : probabilities) {
            long hits = 0;
            for (int i = 0; i < 200_000; i++) {
                hits += bits.bernoulli(p) ? 1 : 0;
            }
            assertThat(Fit.deviations(hits, 200_000, p)).as("p = %s", p).isLessThan(7);
        }
    }

    @Test
    void bernoulli_certainAndNearlyImpossible_areThat() {
        SecureBits bits = new SecureBits();
        for (int i = 0; i < 10_000; i++) {
            assertThat(bits.bernoulli(0.0)).isFalse();
            assertThat(bits.bernoulli(-0.0)).isFalse();
            assertThat(bits.bernoulli(1.0)).isTrue();
            assertThat(bits.bernoulli(Double.MIN_VALUE)).isFalse();
            assertThat(bits.bernoulli(0x1p-70)).isFalse(); // once in 10^17 runs
            assertThat(bits.bernoulli(7, 7)).isTrue();
            assertThat(bits.bernoulli(0, 7)).isFalse();
        }
    }

    @Test
    void draws_impossibleArguments_areRefused() {
        SecureBits bits = SecureBits.reproducibleNotPrivate(0);
        long next = SecureBits.reproducibleNotPrivate(0).nextLong();
        assertThatThrownBy(() -> bits.below(0)).hasMessageContaining("bound is 0");
        assertThatThrownBy(() -> bits.bernoulli(1.5)).hasMessageContaining("1.5");
        assertThatThrownBy(() -> bits.bernoulli(Double.NaN)).hasMessageContaining("NaN");
        assertThatThrownBy(() -> bits.bernoulli(-1e-300)).hasMessageContaining("must be in [0, 1]");
        assertThatThrownBy(() -> bits.bernoulli(3, 2)).hasMessageContaining("3/2");
        assertThatThrownBy(() -> bits.bernoulli(-1, 2)).hasMessageContaining("-1/2");
        assertThat(bits.nextLong()).as("nothing was drawn").isEqualTo(next);
    }
}
