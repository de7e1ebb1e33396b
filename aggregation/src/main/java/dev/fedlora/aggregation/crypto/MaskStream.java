package dev.fedlora.aggregation.crypto;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.util.Objects;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Adds masks to ring vectors: the AES-256-CTR key stream of a 32-byte key, zero initial counter, as little-endian 32-bit
 * integers; modulo 2^32.
 *
 * <p>The JDK's cipher is fed 2 KiB at a time: its fast path is a compiled call, so long calls stay slow for dozens of
 * masks in a young virtual machine. Not thread-safe: one object a thread. About 0.2 ms for a million coordinates once
 * warm.
 */
public final class MaskStream {
    /** Bytes of a mask key: all 256 bits are used. */
    public static final int KEY_BYTES = 32;
    /** Ranges start at multiples of it: the integers in one AES block. */
    public static final int BLOCK = 4;

    private static final int CHUNK_BYTES = 2048;
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final byte[] ZEROS = new byte[CHUNK_BYTES];

    private final Cipher cipher;
    private final byte[] stream = new byte[CHUNK_BYTES];

    /** Makes one with its own cipher. */
    public MaskStream() {
        try {
            this.cipher = Cipher.getInstance("AES/CTR/NoPadding");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has AES/CTR/NoPadding", e);
        }
    }

    /** Adds coordinates [from, to) of the mask of {@code key} to {@code vector}; see {@link #apply}. */
    public void add(Secret key, int[] vector, int from, int to) {
        apply(key, true, vector, from, to);
    }

    /** Subtracts coordinates [from, to) of the mask of {@code key} from {@code vector}; see {@link #apply}. */
    public void subtract(Secret key, int[] vector, int from, int to) {
        apply(key, false, vector, from, to);
    }

    /**
     * Adds or subtracts a mask in [from, to).
     *
     * @throws IllegalArgumentException when the key has not 32 bytes or {@code from} is no multiple of {@link #BLOCK}
     */
    private void apply(Secret key, boolean isAdded, int[] vector, int from, int to) {
        Objects.checkFromToIndex(from, to, vector.length);
        if (key.size() != KEY_BYTES || from % BLOCK != 0) {
            throw new IllegalArgumentException("mask key must be 32 bytes and start a multiple of 4, got " + key.size()
                    + " bytes and start " + from);
        }
        start(key, from / BLOCK);
        for (int at = from; at < to; ) {
            int bytes = (int) Math.min(CHUNK_BYTES, 4L * (to - at));
            nextBytes(bytes);
            int count = bytes >> 2;
            if (isAdded) {
                addChunk(vector, at, count, stream);
            } else {
                subtractChunk(vector, at, count, stream);
            }
            at += count;
        }
    }

    private void start(Secret key, long block) {
        byte[] counter = ByteBuffer.allocate(16).putLong(0).putLong(block).array();
        try {
            cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key.expose(), "AES"), new IvParameterSpec(counter));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-CTR takes any key of 32 bytes", e);
        }
    }

    private void nextBytes(int count) {
        try {
            cipher.update(ZEROS, 0, count, stream, 0);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the stream buffer is as long as the input", e);
        }
    }

    // methods of their own: small loops are compiled and vectorized early
    private static void addChunk(int[] vector, int at, int count, byte[] stream) {
        for (int i = 0; i < count; i++) {
            vector[at + i] += (int) INT.get(stream, i << 2);
        }
    }

    private static void subtractChunk(int[] vector, int at, int count, byte[] stream) {
        for (int i = 0; i < count; i++) {
            vector[at + i] -= (int) INT.get(stream, i << 2);
        }
    }

    /** Runs about 10 MB through the cipher, so that the first round of a process is not its slowest; some 50 ms. */
    public static void warmUp() {
        MaskStream masks = new MaskStream();
        int[] vector = new int[1 << 14];
        try (Secret key = Secret.taking(new byte[KEY_BYTES])) {
            for (int i = 0; i < 160; i++) {
                masks.add(key, vector, 0, vector.length);
                masks.subtract(key, vector, 0, vector.length);
            }
        }
    }
}
