package dev.fedlora.aggregation.crypto;

import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.generators.HKDFBytesGenerator;
import org.bouncycastle.crypto.params.HKDFParameters;

/** HKDF with SHA-256 (RFC 5869): keys from a shared secret. Stateless. */
public final class Hkdf {
    /** Most bytes of one derivation: 255 blocks. */
    public static final int MAX_BYTES = 255 * 32;

    private Hkdf() {}

    /**
     * Derives {@code size} bytes.
     *
     * @param input keying material
     * @param salt may be empty
     * @param info says what the key is for; never the same for two uses
     * @throws IllegalArgumentException when {@code size} is not from 1 to {@link #MAX_BYTES}
     */
    public static Secret derive(Secret input, byte[] salt, byte[] info, int size) {
        if (size < 1 || size > MAX_BYTES) {
            throw new IllegalArgumentException("HKDF gives from 1 to " + MAX_BYTES + " bytes, asked for " + size);
        }
        HKDFBytesGenerator generator = new HKDFBytesGenerator(new SHA256Digest());
        generator.init(new HKDFParameters(input.expose(), salt, info));
        byte[] key = new byte[size];
        generator.generateBytes(key, 0, size);
        return Secret.taking(key);
    }
}
