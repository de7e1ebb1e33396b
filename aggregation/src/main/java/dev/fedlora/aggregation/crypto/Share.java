package dev.fedlora.aggregation.crypto;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * One Shamir share of a secret of 32 bytes: the point x of five polynomials over the field of 2^61 - 1 elements, one for
 * each limb of 52 bits. Never prints its values.
 */
public final class Share implements AutoCloseable {
    /** Limbs of a secret: 5 times 52 bits hold 256. */
    public static final int LIMBS = 5;
    /** Bytes of the limbs: big-endian, 8 bytes each. */
    public static final int BYTES = 8 * LIMBS;

    private final int x;
    private final long[] limbs;

    Share(int x, long[] limbs) {
        this.x = x;
        this.limbs = limbs;
    }

    /**
     * Reads a share.
     *
     * @param x of the point, from 1: the secret itself is at 0
     * @param bytes five limbs
     * @throws IllegalArgumentException when x is below 1, the length wrong, or a limb not below 2^61 - 1
     */
    public static Share of(int x, byte[] bytes) {
        if (x < 1) {
            throw new IllegalArgumentException("x of a share must be at least 1, got " + x);
        }
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("share must be " + BYTES + " bytes, got " + bytes.length);
        }
        long[] limbs = new long[LIMBS];
        ByteBuffer.wrap(bytes).asLongBuffer().get(limbs);
        for (int i = 0; i < LIMBS; i++) {
            if (limbs[i] < 0 || limbs[i] >= Field.P) {
                Arrays.fill(limbs, 0);
                throw new IllegalArgumentException("limb " + i + " of a share must be below 2^61 - 1");
            }
        }
        return new Share(x, limbs);
    }

    /** Returns x of the point. */
    public int x() {
        return x;
    }

    long limb(int index) {
        return limbs[index];
    }

    /** Returns the limbs as {@link #BYTES} bytes: this reveals the share. */
    public byte[] reveal() {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES);
        bytes.asLongBuffer().put(limbs);
        return bytes.array();
    }

    /** Zeroes the limbs. */
    @Override
    public void close() {
        Arrays.fill(limbs, 0);
    }

    /** Prints x only. */
    @Override
    public String toString() {
        return "Share[x " + x + "]";
    }
}
