package dev.fedlora.privacy.sampler;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.DrbgParameters;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.ShortBufferException;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * A stream of uniform random bits for noise and sampling: AES-256 in counter mode under a key that is used for nothing
 * else, and the two exact primitives every sampler here is made of, the bounded uniform and the Bernoulli draw.
 *
 * <p>{@link #SecureBits()} takes no seed and is the only way to bits that a privacy claim may rest on. The other factory is
 * for tests and simulations; what it returns says so through {@link #isReproducible()}, and whoever makes
 * a privacy claim must refuse it.
 *
 * <p>Not safe for use by several threads. Give each thread, and each release, an object of its own. A draw costs about
 * 2 ns: the JDK's cipher is fed 2 KiB at a time, the size at which its compiled form is reached soonest.
 */
public final class SecureBits {
    /** 256 bits: AES-256, and the strength that the seeding generator is asked for. */
    private static final int KEY_BYTES = 32;

    /** Calls of 1 to 4 KiB reach the compiled cipher after a few thousand calls; one call of 64 KiB may never do so. */
    private static final int CHUNK_BYTES = 2048;

    /** Doubles in [0, 1) are multiples of 2^-53 or finer; 53 bits are compared at a time. */
    private static final int BITS_PER_COMPARISON = 53;

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final Cipher cipher;
    private final boolean reproducible;
    private final byte[] zeros = new byte[CHUNK_BYTES];
    private final byte[] chunk = new byte[CHUNK_BYTES];
    private int position = CHUNK_BYTES;

    /** A stream of its own, keyed by 32 bytes from a newly seeded generator of the platform. */
    public SecureBits() {
        this(freshKey(), false);
    }

    private SecureBits(byte[] key, boolean reproducible) {
        this.reproducible = reproducible;
        try {
            cipher = Cipher.getInstance("AES/CTR/NoPadding");
            cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new IvParameterSpec(new byte[16]));
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("this Java platform has no AES/CTR/NoPadding", impossible);
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    /**
     * The same stream for the same seed: for tests and simulations only. Noise drawn from it protects nobody, since
     * whoever guesses the seed can subtract it.
     */
    public static SecureBits reproducibleNotPrivate(long seed) {
        byte[] key = new byte[KEY_BYTES];
        LONGS.set(key, 0, seed);
        return new SecureBits(key, true);
    }

    private static byte[] freshKey() {
        byte[] key = new byte[KEY_BYTES];
        try {
            var strength = DrbgParameters.instantiation(8 * KEY_BYTES, DrbgParameters.Capability.RESEED_ONLY, null);
            SecureRandom.getInstance("DRBG", strength).nextBytes(key);
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("this Java platform has no 256-bit DRBG", impossible);
        }
        return key;
    }

    /** True when this stream came from a seed, so that nothing drawn from it may count as private. */
    public boolean isReproducible() {
        return reproducible;
    }

    /** Returns 64 uniform bits. */
    public long nextLong() {
        if (position == CHUNK_BYTES) {
            refill();
        }
        long bits = (long) LONGS.get(chunk, position);
        position += Long.BYTES;
        return bits;
    }

    private void refill() {
        try {
            cipher.update(zeros, 0, CHUNK_BYTES, chunk, 0);
        } catch (ShortBufferException impossible) {
            throw new IllegalStateException("counter mode asked for more room than it was fed", impossible);
        }
        position = 0;
    }

    /**
     * Returns a uniform integer in [0, {@code bound}), without bias. Daniel Lemire, "Fast Random Integer Generation in an
     * Interval", ACM TOMACS 2019, arXiv 1805.10941, on 64 bits.
     *
     * @throws IllegalArgumentException when {@code bound} is not positive
     */
    public long below(long bound) {
        if (bound <= 0) {
            throw new IllegalArgumentException("bound is " + bound + ", must be positive");
        }
        if (bound == 1) {
            return 0; // without a draw: the samplers here ask for it often
        }
        long bits = nextLong();
        long low = bits * bound;
        if (Long.compareUnsigned(low, bound) < 0) {
            // 2^64 mod bound: the values that would make some results one draw more frequent
            long uneven = Long.remainderUnsigned(-bound, bound);
            while (Long.compareUnsigned(low, uneven) < 0) {
                bits = nextLong();
                low = bits * bound;
            }
        }
        return unsignedHigh(bits, bound);
    }

    /** The upper 64 bits of the unsigned product; {@code positive} has its top bit clear. */
    private static long unsignedHigh(long bits, long positive) {
        return Math.multiplyHigh(bits, positive) + ((bits >> 63) & positive);
    }

    /**
     * Returns true with probability {@code numerator / denominator}, exactly.
     *
     * @throws IllegalArgumentException when the fraction is not in [0, 1]
     */
    public boolean bernoulli(long numerator, long denominator) {
        if (numerator < 0 || denominator <= 0 || numerator > denominator) {
            throw new IllegalArgumentException(
                    "probability is " + numerator + "/" + denominator + ", must be in [0, 1]");
        }
        return below(denominator) < numerator;
    }

    /**
     * Returns true with probability {@code probability}, exactly: as many binary digits of a uniform number are drawn, 53 at
     * a time, as it takes to tell it from the given one. Nearly always one draw.
     *
     * @throws IllegalArgumentException when {@code probability} is not in [0, 1]
     */
    public boolean bernoulli(double probability) {
        if (!(probability >= 0 && probability <= 1)) {
            throw new IllegalArgumentException("probability is " + probability + ", must be in [0, 1]");
        }
        double rest = probability;
        while (rest > 0) {
            double shifted = Math.scalb(rest, BITS_PER_COMPARISON); // exact: a power of two
            double digits = Math.floor(shifted);
            long drawn = nextLong() >>> (Long.SIZE - BITS_PER_COMPARISON);
            if (drawn != (long) digits) {
                return drawn < (long) digits;
            }
            rest = shifted - digits; // exact: the digits that did not fit
        }
        return false;
    }

    /** Names the kind of stream and nothing of its state. */
    @Override
    public String toString() {
        return reproducible ? "SecureBits[reproducible, not private]" : "SecureBits";
    }
}
