package dev.fedlora.aggregation.crypto;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Optional;

/**
 * What one client holds of another: a share of its self-mask seed and one of its mask key. Sealed, it is x (4 bytes,
 * big-endian) and the two shares, 84 bytes. Never prints its values.
 *
 * @param seed share of the self-mask seed
 * @param key share of the mask key
 */
public record ShareBundle(Share seed, Share key) implements AutoCloseable {
    private static final int BYTES = 4 + 2 * Share.BYTES;

    /** @throws IllegalArgumentException when the two shares have different x */
    public ShareBundle {
        if (seed.x() != key.x()) {
            throw new IllegalArgumentException("both shares must have one x, got " + seed.x() + " and " + key.x());
        }
    }

    /** Returns x of both shares. */
    public int x() {
        return seed.x();
    }

    /** Seals this bundle under {@code boxKey}, for {@code context} only. */
    public byte[] seal(Secret boxKey, byte[] context, SecureRandom random) {
        ByteBuffer plain = ByteBuffer.allocate(BYTES).putInt(x());
        byte[] seedBytes = seed.reveal();
        byte[] keyBytes = key.reveal();
        plain.put(seedBytes).put(keyBytes);
        Arrays.fill(seedBytes, (byte) 0);
        Arrays.fill(keyBytes, (byte) 0);
        try (Secret content = Secret.taking(plain.array())) {
            return SealedBox.seal(boxKey, content, context, random);
        }
    }

    /**
     * Opens a sealed bundle.
     *
     * @return nothing when key, context or any bit is another one
     * @throws IllegalArgumentException when it opens and holds no two shares
     */
    public static Optional<ShareBundle> open(Secret boxKey, byte[] box, byte[] context) {
        return SealedBox.open(boxKey, box, context).map(content -> {
            try (content) {
                return parse(content.expose());
            }
        });
    }

    private static ShareBundle parse(byte[] content) {
        if (content.length != BYTES) {
            throw new IllegalArgumentException("share bundle must be " + BYTES + " bytes, got " + content.length);
        }
        int x = ByteBuffer.wrap(content).getInt();
        byte[] seed = Arrays.copyOfRange(content, 4, 4 + Share.BYTES);
        byte[] key = Arrays.copyOfRange(content, 4 + Share.BYTES, BYTES);
        try {
            return new ShareBundle(Share.of(x, seed), Share.of(x, key));
        } finally {
            Arrays.fill(seed, (byte) 0);
            Arrays.fill(key, (byte) 0);
        }
    }

    /** Wipes both shares. */
    @Override
    public void close() {
        seed.close();
        key.close();
    }

    /** Prints x only. */
    @Override
    public String toString() {
        return "ShareBundle[x " + x() + "]";
    }
}
